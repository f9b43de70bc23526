import { asError } from "../../defer/guarded_call.ts";
import { messageOf } from "../../internal/foreign_value.ts";
import type { Deferred } from "../../defer/mod.ts";
import { HostnameAddress } from "../../reactor/addresses.ts";
import type {
  Address,
  IDelayedCall,
  IDrainableProtocol,
  ITransport,
} from "../../reactor/interfaces/mod.ts";
import type { FramingError } from "../framing/framing_error.ts";
import { FrameReceiver } from "../framing/frame_receiver.ts";
import { joinConnections } from "../join_connections.ts";
import {
  encodeSOCKS4Reply,
  encodeSOCKS5Authentication,
  encodeSOCKS5MethodSelection,
  encodeSOCKS5Reply,
} from "./encode_socks.ts";
import { replyOfFailure, TargetNotAllowed } from "./reply_of_failure.ts";
import type { SOCKSRules } from "./socks_rules.ts";
import {
  SOCKS4Reply,
  SOCKS5Reply,
  type SOCKSClientMessage,
  SOCKSCommand,
  type SOCKSCredentials,
  SOCKSMethod,
  type SOCKSRequest,
  UnknownSOCKSAddressType,
} from "./socks_messages.ts";
import { SOCKSRequestDecoder } from "./socks_request_decoder.ts";

/**
 * The protocol of a SOCKS client's connection. Twisted's `SOCKSv4`.
 */
export class SOCKSServer extends FrameReceiver<SOCKSClientMessage> implements IDrainableProtocol {
  protected override readonly decoder: SOCKSRequestDecoder;
  readonly #rules: SOCKSRules;
  /** The message that the client sends next. */
  #expected: "greeting" | "credentials" | "request" | "nothing" = "greeting";
  #username: string | null = null;
  #deadline: IDelayedCall | null = null;
  #connecting: Deferred<unknown> | null = null;

  /** @param rules The rules of the server. */
  constructor(rules: SOCKSRules) {
    super();
    this.#rules = rules;
    this.decoder = new SOCKSRequestDecoder({ credentials: rules.requiresCredentials });
  }

  override connectionMade(): void {
    const { handshakeTimeout, reactor } = this.#rules;
    if (handshakeTimeout === Infinity) return;
    this.#deadline = reactor.callLater(handshakeTimeout, () => {
      this.#deadline = null;
      this.#log(`its request was not complete within ${handshakeTimeout} s`);
      this.transport.abortConnection();
    });
  }

  override frameReceived(message: SOCKSClientMessage): void {
    switch (message.type) {
      case "greeting":
        return this.#greetingReceived(message.methods);
      case "credentials":
        return this.#credentialsReceived(message);
      case "request":
        return this.#requestReceived(message);
    }
  }

  /** Sends the reply for a malformed message, if there is one, and closes the connection. */
  override decodingFailed(error: FramingError): void {
    this.#log(messageOf(error));
    if (this.#expected === "credentials") {
      this.transport.write(encodeSOCKS5Authentication(false));
    } else if (this.decoder.version === 4) {
      this.transport.write(encodeSOCKS4Reply({ code: SOCKS4Reply.REJECTED }));
    } else if (this.#expected === "request") {
      const isUnknown = error instanceof UnknownSOCKSAddressType;
      const { ADDRESS_TYPE_NOT_SUPPORTED, GENERAL_FAILURE } = SOCKS5Reply;
      const code = isUnknown ? ADDRESS_TYPE_NOT_SUPPORTED : GENERAL_FAILURE;
      this.transport.write(encodeSOCKS5Reply({ code }));
    }
    this.transport.loseConnection();
  }

  /** Closes the connection if it has no target yet. An open tunnel may complete. */
  drainRequested(): void {
    if (this.#expected !== "nothing" || this.#connecting !== null) this.transport.loseConnection();
  }

  /** Ends the attempt to connect to the target. */
  override connectionLost(): void {
    this.#endDeadline();
    this.#connecting?.cancel();
  }

  #greetingReceived(methods: readonly number[]): void {
    const { NONE, USERNAME_PASSWORD, NO_ACCEPTABLE } = SOCKSMethod;
    if (!this.#allows(5)) {
      this.transport.write(encodeSOCKS5MethodSelection(NO_ACCEPTABLE));
      return this.transport.loseConnection();
    }
    const required = this.#rules.requiresCredentials ? USERNAME_PASSWORD : NONE;
    const isOffered = methods.includes(required);
    this.transport.write(encodeSOCKS5MethodSelection(isOffered ? required : NO_ACCEPTABLE));
    this.#expected = this.#rules.requiresCredentials ? "credentials" : "request";
    if (isOffered) return;
    this.#log(`it offers only the authentication methods ${methods.join(", ") || "(none)"}`);
    this.transport.loseConnection();
  }

  #credentialsReceived({ username, password }: SOCKSCredentials): void {
    // The request may have arrived already. It must wait for the result.
    this.pauseProducing();
    this.#expected = "request";
    const peer = this.transport.getPeer();
    this.#rules.checkCredentials(username, password, peer).addCallback((isValid) => {
      if (!this.transport.connected || this.transport.disconnecting) return;
      this.transport.write(encodeSOCKS5Authentication(isValid));
      if (isValid) {
        this.#username = username;
        return this.resumeProducing();
      }
      this.#log(`the user ${JSON.stringify(username)} did not authenticate`);
      this.transport.loseConnection();
    });
  }

  #requestReceived(request: SOCKSRequest): void {
    // What follows the request is for the target.
    this.pauseProducing();
    this.#endDeadline();
    this.#expected = "nothing";
    const { version, command, port, host } = request;
    const { COMMAND_NOT_SUPPORTED, HOST_UNREACHABLE, NOT_ALLOWED } = SOCKS5Reply;
    if (version === 4 && !this.#allows(4)) return this.#refuse(request, NOT_ALLOWED);
    if (version === 4 && this.#rules.requiresCredentials) {
      this.#log("SOCKS 4 has no passwords");
      return this.#refuse(request, NOT_ALLOWED);
    }
    if (command !== SOCKSCommand.CONNECT) {
      this.#log(`the command ${command} is not supported`);
      return this.#refuse(request, COMMAND_NOT_SUPPORTED);
    }
    if (port === 0) {
      this.#log(`${JSON.stringify(host)} was requested with port 0`);
      return this.#refuse(request, HOST_UNREACHABLE);
    }
    this.#connect(request);
  }

  #connect(request: SOCKSRequest): void {
    const connecting = this.#rules.connectTarget(
      request,
      this.#username,
      this.transport.getPeer(),
    );
    this.#connecting = connecting;
    connecting.addCallbacks(
      (target) => {
        this.#connecting = null;
        this.#join(request, target);
      },
      (error) => {
        this.#connecting = null;
        this.#connectingFailed(request, error);
      },
    );
  }

  #join(request: SOCKSRequest, target: ITransport): void {
    const { transport } = this;
    if (!transport.connected || transport.disconnecting) return target.abortConnection();
    this.#reply(request, SOCKS5Reply.SUCCEEDED, target.getHost());
    const rest = this.takeRest();
    if (rest.length > 0) target.write(rest);
    this.paused = false;
    try {
      joinConnections(transport, target);
    } catch (error) {
      target.abortConnection();
      transport.abortConnection(asError(error));
      throw error;
    }
  }

  #connectingFailed(request: SOCKSRequest, error: Error): void {
    const code = replyOfFailure(error);
    if (code === SOCKS5Reply.NOT_ALLOWED || error instanceof TargetNotAllowed) {
      const { host, port } = request;
      this.#log(`${new HostnameAddress(host, port)} is not allowed: ${messageOf(error)}`);
    }
    this.#refuse(request, code);
  }

  /** Sends a reply code of SOCKS 5, or that of SOCKS 4 for a failure, and closes the connection. */
  #refuse(request: SOCKSRequest, code: number): void {
    this.#reply(request, code, null);
    this.transport.loseConnection();
  }

  #reply({ version }: SOCKSRequest, code5: number, address: Address | null): void {
    const place = address !== null && "host" in address
      ? { host: address.host, port: address.port }
      : {};
    if (version === 5) return this.transport.write(encodeSOCKS5Reply({ code: code5, ...place }));
    const code = code5 === SOCKS5Reply.SUCCEEDED ? SOCKS4Reply.GRANTED : SOCKS4Reply.REJECTED;
    this.transport.write(encodeSOCKS4Reply({ code, ...place }));
  }

  #allows(version: 4 | 5): boolean {
    if (this.#rules.versions.includes(version)) return true;
    this.#log(`it speaks version ${version}`);
    return false;
  }

  #endDeadline(): void {
    this.#deadline?.cancel();
    this.#deadline = null;
  }

  #log(reason: string): void {
    this.#rules.logRefusal(this.transport.getPeer(), reason);
  }
}
