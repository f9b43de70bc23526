import type { Deferred } from "../../defer/mod.ts";
import { visibleText } from "../../internal/visible_text.ts";
import type { ITransport } from "../../reactor/interfaces/mod.ts";
import {
  type RequestOptions,
  type RequestQueueOptions,
  UnexpectedAnswer,
} from "../pending_requests.ts";
import { RequestQueue } from "../request_queue.ts";
import { describe } from "./answer_readers.ts";
import { ClientError, NoSuchCommand, ServerError } from "./errors.ts";
import type { Exchange } from "./exchange.ts";
import type { MemCacheAnswer, MemCacheFailure } from "./memcache_answers.ts";

/** The protocol that owns a queue of exchanges. */
export interface ExchangeOwner {
  readonly transport: ITransport;
}

/** The exchanges of one connection: requests, and the answers that arrive in the same order. */
export class ExchangeQueue {
  readonly #owner: ExchangeOwner;
  readonly #queue: RequestQueue<Exchange<unknown>, void>;

  /**
   * @param owner The protocol.
   * @param options The limits.
   * @param sending Called before a request is sent, with whether no other is unanswered.
   */
  constructor(
    owner: ExchangeOwner,
    options: RequestQueueOptions,
    sending: (isFirst: boolean) => void,
  ) {
    this.#owner = owner;
    this.#queue = new RequestQueue((exchange) => {
      sending(this.inFlight === 1);
      exchange.send(this.#owner.transport);
    }, options);
  }

  /** Whether every request that was sent has been answered. */
  get isIdle(): boolean {
    return this.inFlight === 0;
  }

  /** The number of requests that have been sent and not answered, abandoned ones included. */
  get inFlight(): number {
    return this.#queue.inFlight;
  }

  /** The number of requests that wait to be sent. */
  get waiting(): number {
    return this.#queue.waiting;
  }

  /** Sends a request, now or later. Returns a Deferred of the result. */
  request<T>(exchange: Exchange<T>, options: RequestOptions): Deferred<T> {
    return this.#queue.request(exchange, options).addCallback(() => exchange.result);
  }

  /**
   * Passes a part of an answer to the request to which it belongs.
   *
   * @throws {UnexpectedAnswer} when it belongs to none, or does not answer the request.
   */
  received(answer: MemCacheAnswer): void {
    const current = this.#queue.oldest;
    if (current === undefined) {
      throw new UnexpectedAnswer(
        `Cannot accept the answer ${describe(answer)}: no request is in flight`,
      );
    }
    if (answer.type === "failure") return this.#failed(current, answer);
    const outcome = current.receive(answer);
    if (outcome === "incomplete") return;
    if (outcome === "unexpected") {
      throw new UnexpectedAnswer(
        `Cannot accept the answer ${describe(answer)}: the request was ${current}`,
      );
    }
    this.#queue.answer();
  }

  /** Fails all requests, and all that are made later. */
  connectionLost(reason: Error): void {
    this.#queue.connectionLost(reason);
  }

  #failed(current: Exchange<unknown>, answer: MemCacheFailure): void {
    const error = errorOf(answer, current);
    this.#queue.fail(error);
    // The server may not have skipped the value, but read it as commands. Then it would answer each
    // of them, and the answers to later requests would be mistaken for each other's.
    if (current.hasValue && answer.kind !== "SERVER_ERROR") {
      this.#owner.transport.abortConnection(error);
    }
  }
}

function errorOf({ kind, reason }: MemCacheFailure, request: Exchange<unknown>): Error {
  const told = reason === "" ? "" : `: ${visibleText(reason, { newlines: "escaped" })}`;
  if (kind === "CLIENT_ERROR") return new ClientError(`The server refused ${request}${told}`);
  if (kind === "SERVER_ERROR") return new ServerError(`The server could not ${request}${told}`);
  // With a reason, the command may be known: a server without a free connection answers so, too.
  const failed = reason === "" ? "does not know" : "did not accept";
  return new NoSuchCommand(`The server ${failed} ${request}${told}`);
}
