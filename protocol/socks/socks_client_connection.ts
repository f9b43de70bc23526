import { messageOf } from "../../internal/foreign_value.ts";
import { ConnectError, ConnectTimeoutError } from "../../reactor/errors.ts";
import type { Address, IReactorTime } from "../../reactor/interfaces/mod.ts";
import { FramingError } from "../framing/framing_error.ts";
import { NegotiatedConnection } from "../negotiated_connection.ts";
import type { NegotiationEvents } from "../negotiated_connecting.ts";
import {
  encodeSOCKS4Request,
  encodeSOCKS5Credentials,
  encodeSOCKS5Greeting,
  encodeSOCKS5Request,
} from "./encode_socks.ts";
import {
  SOCKS4Reply,
  SOCKS5Reply,
  SOCKSMethod,
  type SOCKSReply,
  type SOCKSServerMessage,
} from "./socks_messages.ts";
import { SOCKSReplyDecoder } from "./socks_reply_decoder.ts";

/** Thrown when a SOCKS server refuses to connect, or answers with something else than SOCKS. */
export class SOCKSError extends ConnectError {
  /**
   * The reply code of the server; see {@linkcode SOCKS5Reply} and {@linkcode SOCKS4Reply}. `null`
   * if it has refused the client before the request, or has sent something else.
   */
  readonly reply: number | null;

  /**
   * Creates the error.
   *
   * @param message The complete message.
   * @param address The target.
   * @param reply The reply code of the server; `null` without one.
   * @param cause The underlying error.
   */
  constructor(message: string, address: string, reply: number | null, cause?: Error) {
    super(message, { address, ...cause === undefined ? {} : { cause } });
    this.reply = reply;
  }
}

const MEANINGS_5: Record<number, string> = {
  [SOCKS5Reply.GENERAL_FAILURE]: "general failure",
  [SOCKS5Reply.NOT_ALLOWED]: "not allowed by the server's rules",
  [SOCKS5Reply.NETWORK_UNREACHABLE]: "network unreachable",
  [SOCKS5Reply.HOST_UNREACHABLE]: "host unreachable",
  [SOCKS5Reply.CONNECTION_REFUSED]: "connection refused",
  [SOCKS5Reply.TTL_EXPIRED]: "timed out",
  [SOCKS5Reply.COMMAND_NOT_SUPPORTED]: "command not supported",
  [SOCKS5Reply.ADDRESS_TYPE_NOT_SUPPORTED]: "address type not supported",
};

const MEANINGS_4: Record<number, string> = {
  [SOCKS4Reply.REJECTED]: "request rejected or failed",
  [SOCKS4Reply.NO_IDENTD]: "the client has no identd",
  [SOCKS4Reply.IDENTD_MISMATCH]: "the client's identd reports another user id",
};

/** What a client requests of a SOCKS server. */
export interface SOCKSClientRequest {
  /** The version of SOCKS. */
  readonly version: 4 | 5;
  /** The target's IP address or host name. */
  readonly host: string;
  /** The target's port number. */
  readonly port: number;
  /** The user id of SOCKS 4. */
  readonly userId: string;
  /** The credentials of SOCKS 5; `null` for none. */
  readonly credentials: { readonly username: string; readonly password: string } | null;
}

/** The circumstances of a {@linkcode SOCKSClientConnection}. */
export interface SOCKSClientContext {
  /** Seconds for the negotiation; `Infinity` for no limit. */
  readonly timeout: number;
  /** The clock; `undefined` for that of the connection. */
  readonly clock: IReactorTime | undefined;
  /** The target, as an address. */
  readonly target: Address;
  /** The attempt to connect that the connection belongs to. */
  readonly attempt: NegotiationEvents;
}

/**
 * A connection to a SOCKS server. It requests a connection to the target, and then is the transport
 * of the application's protocol.
 */
export class SOCKSClientConnection extends NegotiatedConnection {
  readonly #request: SOCKSClientRequest;
  readonly #context: SOCKSClientContext;
  readonly #decoder: SOCKSReplyDecoder;
  #hasFailed = false;

  /**
   * @param request The request.
   * @param context The timeout, the target and the attempt.
   */
  constructor(request: SOCKSClientRequest, context: SOCKSClientContext) {
    super();
    this.#request = request;
    this.#context = context;
    this.#decoder = new SOCKSReplyDecoder({ version: request.version });
  }

  /** Returns the address of the target. */
  override getPeer(): Address {
    return this.isNegotiating ? super.getPeer() : this.#context.target;
  }

  override toString(): string {
    return `${super.toString()} for ${this.#context.target}`;
  }

  override logPrefix(): string {
    return this.isNegotiating ? "SOCKS client" : super.logPrefix();
  }

  override connectionMade(): void {
    const { timeout, clock, target } = this.#context;
    this.setDeadline(timeout, clock, () => {
      this.#fail(
        new ConnectTimeoutError(
          `Cannot connect to ${target} through the SOCKS server ${this.transport.getPeer()}: ` +
            `it did not answer within ${timeout} s`,
          { address: String(target) },
        ),
      );
    });
    const { version, host, port, userId, credentials } = this.#request;
    if (version === 4) return this.transport.write(encodeSOCKS4Request({ host, port, userId }));
    const { NONE, USERNAME_PASSWORD } = SOCKSMethod;
    const methods = credentials === null ? [NONE] : [NONE, USERNAME_PASSWORD];
    this.transport.write(encodeSOCKS5Greeting(methods));
  }

  override connectionLost(reason: Error): void {
    try {
      return super.connectionLost(reason);
    } finally {
      // This has an effect only if connectionMade() of the application's protocol has thrown.
      this.#context.attempt.failed(reason);
    }
  }

  /** Ends the negotiation, because the caller has cancelled it. */
  cancel(): void {
    this.#hasFailed = true;
    this.transport.abortConnection();
  }

  protected override negotiationReceived(data: Uint8Array): void {
    this.#decoder.push(data);
    while (this.isNegotiating && !this.#hasFailed) {
      let message: SOCKSServerMessage | null;
      try {
        message = this.#decoder.next();
      } catch (error) {
        if (!(error instanceof FramingError)) throw error;
        return this.#refused(messageOf(error), null, error);
      }
      if (message === null) return;
      const result = this.#messageReceived(message);
      if (message.type === "reply") return result;
    }
  }

  protected override negotiationLost(reason: Error): void {
    if (this.#hasFailed) return;
    this.#hasFailed = true;
    this.#context.attempt.failed(
      this.#errorFor("it closed the connection before its reply", null, reason),
    );
  }

  protected override completed(): void {
    this.#context.attempt.connected();
  }

  #messageReceived(message: SOCKSServerMessage): void {
    switch (message.type) {
      case "method":
        return this.#methodReceived(message.method);
      case "authentication":
        if (message.status === 0) return this.#sendRequest();
        return this.#refused("it did not accept the user name and password", null);
      case "reply":
        return this.#replyReceived(message);
    }
  }

  #methodReceived(method: number): void {
    const { credentials } = this.#request;
    if (method === SOCKSMethod.NONE) return this.#sendRequest();
    if (method === SOCKSMethod.USERNAME_PASSWORD && credentials !== null) {
      const { username, password } = credentials;
      return this.transport.write(encodeSOCKS5Credentials(username, password));
    }
    this.#refused(
      method === SOCKSMethod.NO_ACCEPTABLE
        ? "it accepts none of the client's methods of authentication" +
          (credentials === null ? "; it may require a user name and a password" : "")
        : `it chose the method of authentication ${method}, which was not offered`,
      null,
    );
  }

  #sendRequest(): void {
    const { host, port } = this.#request;
    this.transport.write(encodeSOCKS5Request({ host, port }));
  }

  #replyReceived({ version, code }: SOCKSReply): void {
    const success = version === 5 ? SOCKS5Reply.SUCCEEDED : SOCKS4Reply.GRANTED;
    if (code !== success) {
      const meaning = (version === 5 ? MEANINGS_5 : MEANINGS_4)[code] ?? "an unknown code";
      return this.#refused(`its reply is ${code}, ${meaning}`, code);
    }
    const protocol = this.#context.attempt.build();
    if (protocol === null) {
      this.#hasFailed = true;
      return this.transport.loseConnection();
    }
    return this.complete(protocol, this.#decoder.takeRest());
  }

  #refused(reason: string, reply: number | null, cause?: Error): void {
    this.#fail(this.#errorFor(reason, reply, cause));
  }

  #fail(error: Error): void {
    if (this.#hasFailed) return;
    this.#hasFailed = true;
    this.cancelDeadline();
    this.transport.abortConnection();
    this.#context.attempt.failed(error);
  }

  #errorFor(reason: string, reply: number | null, cause?: Error): SOCKSError {
    const { target } = this.#context;
    const server = this.transport.getPeer();
    return new SOCKSError(
      `Cannot connect to ${target} through the SOCKS server ${server}: ${reason}`,
      String(target),
      reply,
      cause,
    );
  }
}
