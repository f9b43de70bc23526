import type { Deferred } from "../../defer/mod.ts";
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
   * @param sending Called before a request is sent. Its argument is whether all earlier requests
   *   have been answered.
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

  /**
   * Sends a request, now or later. Returns a Deferred of the result. It fails with the error that
   * the server answers, or with a `RequestFailure`.
   */
  request<T>(exchange: Exchange<T>, options: RequestOptions): Deferred<T> {
    return this.#queue.request(exchange, options, exchange.size).addCallback(() => exchange.result);
  }

  /**
   * Passes a part of an answer to the request to which it belongs.
   *
   * @throws {UnexpectedAnswer} when no request is in flight, or the part does not answer it.
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

  /** Fails all requests, and each later one, with `RequestLost`. */
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

function errorOf(answer: MemCacheFailure, request: Exchange<unknown>): Error {
  const message = `Cannot carry out ${request}: the server answered ${describe(answer)}`;
  if (answer.kind === "CLIENT_ERROR") return new ClientError(message);
  if (answer.kind === "SERVER_ERROR") return new ServerError(message);
  return new NoSuchCommand(message);
}
