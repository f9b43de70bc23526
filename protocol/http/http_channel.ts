import { asError, isThenable, logUserError } from "../../defer/guarded_call.ts";
import { follow, isInstance } from "../../internal/foreign_value.ts";
import { quote } from "../../internal/validation.ts";
import { FailureCounter } from "../../log/failure_counter.ts";
import { msg } from "../../log/mod.ts";
import type {
  IDrainableProtocol,
  IHalfCloseableProtocol,
  IProtocolFactory,
} from "../../reactor/interfaces/mod.ts";
import { switchProtocol } from "../../reactor/stream/protocol_switch.ts";
import { callMethod } from "../guarded_method.ts";
import { Protocol } from "../protocol.ts";
import { BodySender } from "./body_sender.ts";
import { Congestion } from "./congestion.ts";
import { ChannelTimer } from "./channel_timer.ts";
import { secondsOf, type Wait } from "./channel_wait.ts";
import { connectionField, type Exchange, isOfClient, nameOf } from "./exchange.ts";
import type { HTTPSettings } from "./http_options.ts";
import { HTTPSyntaxError } from "./http_syntax_error.ts";
import { abortRequest, createRequest } from "./lazy_request.ts";
import { originOf } from "./origin.ts";
import { type BodySource, RequestBody } from "./request_body.ts";
import { BODY_END, RequestDecoder, type RequestPart } from "./request_decoder.ts";
import { RequestHead } from "./request_head.ts";
import { type AgreedUpgrade, agreedUpgrade, HTTPRequestInfo } from "./request_info.ts";
import {
  cancelBody,
  planResponse,
  sizeOf,
  writeResponse,
  writeStatus,
  writeSwitching,
} from "./response_plan.ts";

/**
 * Answers a request.
 *
 * @param request The request. Its signal aborts if the client closes the connection before the
 *   response is complete.
 * @param info The addresses of the connection, and its change of protocols.
 * @returns The response, or a promise or Deferred of it.
 */
export type HTTPHandler = (
  request: Request,
  info: HTTPRequestInfo,
) => Response | PromiseLike<Response>;

/** Bytes of an unread body that are received so that the connection stays usable. */
const MAX_DROPPED = 65_536;
const NO_BYTES = new Uint8Array(0);
/** Lets a channel count refused requests together with the others of its server. */
export let shareRefusals: (channel: HTTPChannel, refusals: FailureCounter) => void;

/**
 * A client's connection to a server that speaks HTTP/1.1: it calls the handler with one request
 * after the other, and sends the responses. Twisted's `twisted.web.http.HTTPChannel`.
 *
 * An {@linkcode HTTPFactory} builds it.
 */
export class HTTPChannel<F extends IProtocolFactory = IProtocolFactory> extends Protocol<F>
  implements IHalfCloseableProtocol, IDrainableProtocol {
  readonly #handler: HTTPHandler;
  readonly #settings: HTTPSettings;
  #refusals = new FailureCounter();
  readonly #decoder: RequestDecoder;
  readonly #bodySource: BodySource = {
    bodyWanted: () => {
      if (this.#isOver) return;
      this.#continue();
      this.#advance();
    },
    bodyCancelled: () => {
      if (!this.#isOver) this.#advance();
    },
  };
  #congestion: Congestion | null = null;
  #timer: ChannelTimer | null = null;
  #wait: Wait = "first";
  #exchange: Exchange | null = null;
  /** The body that is arriving. It may outlast its exchange. */
  #body: RequestBody | null = null;
  #dropped = 0;
  #requests = 0;
  #expectsContinue = false;
  #isAdvancing = false;
  #isPaused = false;
  #isDraining = false;
  #hasPeerEnded = false;
  /** Whether no more bytes are decoded: the connection is closing, or has another protocol. */
  #isOver = false;
  #lastHost: string | null = null;
  #origin = "";

  static {
    shareRefusals = (channel, refusals) => {
      channel.#refusals = refusals;
    };
  }

  /**
   * Creates the protocol of a client.
   *
   * @param handler The function that answers the requests.
   * @param settings The limits and timeouts.
   */
  constructor(handler: HTTPHandler, settings: HTTPSettings) {
    super();
    this.#handler = handler;
    this.#settings = settings;
    this.#decoder = new RequestDecoder(settings);
  }

  /**
   * Whether a part of a request has arrived, and the rest is missing. For `isWaiting` of a
   * `SlowPeerGuard`, which must not measure a client that waits for its response.
   */
  get isReceiving(): boolean {
    if (this.#isOver) return false;
    return this.#body !== null || this.#exchange === null && this.#decoder.buffered > 0;
  }

  /** Starts the timeout of the first request. */
  override connectionMade(): void {
    // Otherwise the second write of a response, such as its first chunk, would wait for the client
    // to acknowledge the first one, which clients do 40 ms later.
    this.transport.setTcpNoDelay(true);
    this.#timer = new ChannelTimer(this.transport.clock ?? null, () => this.#timedOut());
    this.#timer.set(this.#settings.headTimeout);
    this.#congestion = new Congestion(this.transport, () => this.#congestionChanged());
  }

  /** Decodes the bytes, and handles the requests that are complete. */
  override dataReceived(data: Uint8Array): void {
    if (this.#isOver) return;
    this.#decoder.push(data);
    this.#advance();
  }

  /**
   * Completes the requests that have arrived, and then closes the connection. The signal of the
   * request that is being handled aborts, because most clients end their side only when they leave;
   * its response is still sent.
   */
  readConnectionLost(): void {
    this.#hasPeerEnded = true;
    if (this.#isOver) return;
    if (this.#body !== null) this.#bodyFailed(400, "the body is incomplete");
    this.#abortRequest();
    this.#advance();
  }

  /** Does nothing: the connection closes when the client has ended its side too. */
  writeConnectionLost(): void {}

  /**
   * Lets the next response be the last one. An idle connection stays open until the deadline of the
   * drain: if it were closed now, a request on its way would be lost.
   */
  drainRequested(): void {
    this.#isDraining = true;
  }

  /** Aborts the request that is being handled. */
  override connectionLost(reason: Error): void {
    this.#isOver = true;
    this.#timer?.stop();
    const error = this.#abortRequest();
    this.#body?.fail(error);
    this.#exchange?.sender?.stop(reason);
    this.#exchange = this.#body = null;
  }

  /** Handles what has arrived, as far as it may be handled now. */
  #advance(): void {
    if (this.#isAdvancing) return;
    this.#isAdvancing = true;
    try {
      while (this.#mayTake) {
        const part = this.#decoder.next();
        if (part === null) break;
        this.#take(part);
      }
    } catch (error) {
      if (!isInstance(error, HTTPSyntaxError)) throw error;
      this.#refuse(error);
    } finally {
      this.#isAdvancing = false;
    }
    if (this.#isOver) return;
    if (this.#hasPeerEnded && this.#exchange === null) return this.#close();
    this.#pauseIfFull();
    this.#watch(this.#nextWait());
  }

  get #mayTake(): boolean {
    if (this.#isOver) return false;
    if (this.#body !== null) return !this.#body.isFull;
    // A client that sends requests, and reads no responses, has to wait.
    return this.#exchange === null && !this.#isCongested;
  }

  #take(part: RequestPart): void {
    if (part instanceof RequestHead) return this.#start(part);
    const body = this.#body;
    if (body === null) return;
    if (part === BODY_END) {
      this.#body = null;
      body.end();
      return;
    }
    this.#expectsContinue = false;
    body.push(part);
    if (this.#exchange !== null) return;
    this.#dropped += part.length;
    if (this.#dropped > MAX_DROPPED) this.#close();
  }

  #start(head: RequestHead): void {
    if (head.host !== this.#lastHost) {
      this.#origin = originOf(head.host, this.transport);
      this.#lastHost = head.host;
    }
    this.#requests++;
    this.#wait = "handler";
    const body = head.hasBody
      ? new RequestBody(this.#bodySource, this.#settings.bodyHighWater)
      : null;
    this.#body = body;
    this.#expectsContinue = head.expectsContinue;
    const request = createRequest(head, body, this.#origin);
    // A GET request has no body for its handler, so the bytes would wait for ever.
    if (body !== null && (head.method === "GET" || head.method === "HEAD")) body.drop();
    const info = new HTTPRequestInfo(head, this.transport);
    this.#exchange = {
      head,
      request,
      info,
      bodyError: null,
      abortReason: null,
      sender: null,
      isAnswered: false,
      isLast: false,
    };
    this.#handle(this.#exchange);
  }

  #handle(exchange: Exchange): void {
    let result: unknown;
    try {
      const handler = this.#handler;
      result = handler(exchange.request, exchange.info);
    } catch (error) {
      return this.#handlerFailed(exchange, error);
    }
    if (!isThenable(result)) return this.#respond(exchange, result);
    follow(
      result,
      (response) => this.#later(() => this.#respond(exchange, response)),
      (error) => this.#later(() => this.#handlerFailed(exchange, error)),
    );
  }

  /** Calls a method when the connection does not call this protocol. */
  #later(f: () => void): void {
    callMethod("the HTTP handler's response", this.transport, f);
  }

  /** Sends the response of a handler. */
  #respond(exchange: Exchange, response: unknown): void {
    if (exchange !== this.#exchange) return cancelBody(response);
    try {
      if (!isInstance(response, Response)) {
        throw new TypeError(
          `Cannot answer: the handler must return a Response, got ${quote(response)}`,
        );
      }
      const upgrade = agreedUpgrade(exchange.info);
      if (upgrade?.response === response) return this.#upgrade(exchange.head, upgrade);
      this.#send(exchange, response);
    } catch (error) {
      this.#handlerFailed(exchange, error);
    }
  }

  /** Logs the error of a handler, and answers 500. */
  #handlerFailed(exchange: Exchange, error: unknown): void {
    if (!isOfClient(exchange, error)) {
      logUserError(error, `Error while handling ${nameOf(exchange.head)}`);
    }
    if (exchange !== this.#exchange) return;
    // A handler that passes on the error of the body leaves the answer to the channel.
    const { bodyError } = exchange;
    this.#sendStatus(exchange, bodyError !== null && error === bodyError ? bodyError.status : 500);
  }

  #send(exchange: Exchange, response: Response): void {
    const plan = planResponse(response, exchange.head);
    const { stream } = plan;
    // The response may be made from the body of the request, which is then wanted only later.
    if (stream !== null && this.#body?.hasStream) this.#continue();
    exchange.isAnswered = true;
    exchange.isLast ||= plan.closes || !this.#mayKeepAlive(exchange);
    this.#congestion?.add(stream === null ? sizeOf(plan) : Infinity);
    writeResponse(this.transport, plan, connectionField(exchange));
    if (stream === null) return this.#sent(exchange);
    const sender = new BodySender(this.transport, stream, plan.framing);
    if (this.#isCongested) sender.pause();
    exchange.sender = sender;
    sender.run().then(
      (isSent) => this.#later(() => isSent && this.#sent(exchange)),
      (error) => this.#later(() => this.#sendingFailed(exchange, sender, error)),
    );
  }

  get #isCongested(): boolean {
    return this.#congestion?.isCongested ?? false;
  }

  #congestionChanged(): void {
    const sender = this.#exchange?.sender ?? null;
    if (this.#isCongested) {
      sender?.pause();
      if (!this.#isOver) this.#watch(this.#nextWait());
      return;
    }
    sender?.resume();
    if (sender === null) this.#congestion?.release();
    this.#advance();
  }

  /** Aborts the connection: the client must not take a part of a body for the whole. */
  #sendingFailed(exchange: Exchange, sender: BodySender, error: unknown): void {
    if (exchange !== this.#exchange) return;
    if (!isOfClient(exchange, error)) {
      logUserError(error, `Error while sending the response to ${nameOf(exchange.head)}`);
    }
    sender.stop(error);
    this.transport.abortConnection(asError(error));
  }

  /** Sends a status and its name as the last response. */
  #sendStatus(exchange: Exchange | null, status: number): void {
    writeStatus(this.transport, status, exchange?.head.method === "HEAD");
    if (exchange === null) return;
    exchange.isLast = exchange.isAnswered = true;
    this.#sent(exchange);
  }

  #mayKeepAlive({ head }: Exchange): boolean {
    return head.keepAlive && !this.#isDraining && !this.#expectsContinue &&
      this.#requests < this.#settings.maxRequests;
  }

  /** Continues with the next request, or closes the connection, because a response is complete. */
  #sent(exchange: Exchange): void {
    if (exchange !== this.#exchange) return;
    this.#exchange = null;
    this.#congestion?.release();
    if (exchange.isLast) return this.#close();
    this.#dropped = 0;
    this.#body?.drop();
    this.#advance();
  }

  /** Answers 101 or leaves the answer to another protocol, and passes the connection to it. */
  #upgrade(head: RequestHead, { protocol, headers }: AgreedUpgrade): void {
    const { transport } = this;
    // The protocol would not be notified of an end that has come already.
    if (this.#hasPeerEnded) return this.#close();
    if (headers !== null) writeSwitching(transport, headers);
    // Before the change, because the new protocol may pause the connection. Nothing is received
    // before this call returns.
    this.#resume();
    this.#isOver = true;
    this.#exchange = null;
    this.#timer?.stop();
    this.#congestion?.stop();
    const received = [headers === null ? head.bytes() : NO_BYTES, this.#decoder.takeRest()];
    switchProtocol("upgrade", transport, protocol);
    callMethod("makeConnection", transport, () => protocol.makeConnection(transport));
    for (const bytes of received) {
      if (bytes.length === 0 || !transport.connected || transport.disconnecting) continue;
      callMethod("dataReceived", transport, () => protocol.dataReceived(bytes));
    }
  }

  /** Handles bytes that are not a request, or exceed a limit. */
  #refuse(error: HTTPSyntaxError): void {
    if (this.#refusals.add()) {
      const peer = this.transport.getPeer();
      msg(`Refused a request from ${peer}: ${error.message}${this.#refusals}`);
    }
    if (this.#body !== null) return this.#bodyFailed(error.status, error);
    if (this.#exchange !== null) return;
    this.#sendStatus(null, error.status);
    this.#close();
  }

  /** Fails the body that is arriving. Its request is the last one. */
  #bodyFailed(status: number, reason: string | HTTPSyntaxError): void {
    const error = typeof reason === "string" ? new HTTPSyntaxError(status, reason, 0) : reason;
    const exchange = this.#exchange;
    if (exchange === null) return this.#close();
    exchange.isLast = true;
    exchange.bodyError = error;
    this.#body?.fail(error);
    this.#body = null;
  }

  /** Aborts the signal of the request, and returns the reason. */
  #abortRequest(): Error {
    const reason = new DOMException("The client has closed the connection", "AbortError");
    const exchange = this.#exchange;
    if (exchange === null) return reason;
    exchange.abortReason ??= reason;
    exchange.request[abortRequest](exchange.abortReason);
    return exchange.abortReason;
  }

  /**
   * Closes the connection. A client that is still sending must read the response before it gets a
   * reset, so only this side is closed then, and what arrives is dropped (RFC 9112, section 9.6).
   */
  #close(): void {
    if (this.#isOver) return;
    const isSending = !this.#hasPeerEnded &&
      (this.#body !== null || !this.#decoder.isBetweenRequests || this.#decoder.buffered > 0);
    this.#isOver = true;
    this.#body = null;
    this.#decoder.takeRest();
    this.#resume();
    this.#congestion?.stop();
    if (!isSending) {
      this.#timer?.stop();
      return this.transport.loseConnection();
    }
    this.#wait = "close";
    this.#timer?.set(secondsOf("close", this.#settings));
    this.transport.loseWriteConnection();
  }

  /** Asks the client for the body, if it waits for that, and no response has been started. */
  #continue(): void {
    if (!this.#expectsContinue || this.#exchange === null || this.#exchange.isAnswered) return;
    this.#expectsContinue = false;
    this.transport.write("HTTP/1.1 100 Continue\r\n\r\n");
  }

  #pauseIfFull(): void {
    const isFull = this.#body === null
      ? !this.#mayTake && this.#decoder.buffered > this.#settings.maxPipelined
      : this.#body.isFull;
    if (!isFull) return this.#resume();
    if (this.#isPaused) return;
    this.#isPaused = true;
    this.transport.pauseProducing();
  }

  #resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.transport.resumeProducing();
  }

  #nextWait(): Wait {
    if (this.#isCongested) return "send";
    if (this.#body !== null && (this.#body.isAwaited || this.#exchange === null)) return "body";
    if (this.#exchange !== null) return "handler";
    if (this.#decoder.buffered > 0) return "head";
    return this.#requests === 0 ? "first" : "idle";
  }

  /** Sets the timeout. That of a head runs from its first byte; that of a body, from its last. */
  #watch(wait: Wait): void {
    if (wait === this.#wait && wait !== "body") return;
    this.#wait = wait;
    this.#timer?.set(secondsOf(wait, this.#settings));
  }

  #timedOut(): void {
    const seconds = secondsOf(this.#wait, this.#settings);
    switch (this.#wait) {
      case "head":
        return this.#refuse(new HTTPSyntaxError(408, `no head within ${seconds} s`, 0));
      case "body":
        this.#bodyFailed(408, `no byte of the body for ${seconds} s`);
        return;
      case "send": {
        const why =
          `Cannot send a response: the client has not read what was sent within ${seconds} s`;
        return this.transport.abortConnection(new Error(why));
      }
      case "first":
      case "idle":
        return this.#close();
      case "close":
        return this.transport.loseConnection();
      case "handler":
        return;
    }
  }
}
