import { quote } from "../../internal/validation.ts";
import { headersOf } from "./http_field.ts";
import type { RequestBody } from "./request_body.ts";
import type { RequestHead } from "./request_head.ts";

/** The key of {@linkcode LazyRequest}'s method that aborts its signal. */
export const abortRequest: unique symbol = Symbol("abortRequest");

/**
 * A `Request` that is made on demand. To build a real one, with its `Headers` and its signal, takes
 * several times as long as to parse its bytes, and most handlers use only the method and the URL.
 *
 * It behaves as a real one does: `instanceof Request`, `new Request(lazy)`, `fetch(lazy)`,
 * `clone()` and `Deno.inspect` work. What it does not answer itself, it forwards to a real request
 * that it makes once. A real request keeps its state in properties with symbols as their keys.
 * Those are forwarded too, because the platform reads them from every object that is a `Request`.
 */
export class LazyRequest {
  readonly #head: RequestHead;
  readonly #body: RequestBody | null;
  readonly #origin: string;
  #url: string | null = null;
  #headers: Headers | null = null;
  #controller: AbortController | null = null;
  /** The reason for which the request was aborted. */
  #aborted: unknown = undefined;
  #isCollected = false;
  #real: Request | null = null;

  /**
   * @param head The head.
   * @param body The body; `null` for none.
   * @param origin The scheme and the authority of the URL, such as `http://example.org`, as `URL`
   *   writes them.
   */
  constructor(head: RequestHead, body: RequestBody | null, origin: string) {
    this.#head = head;
    // A `Request` with one of these methods cannot have a body (WHATWG Fetch).
    this.#body = head.method === "GET" || head.method === "HEAD" ? null : body;
    this.#origin = origin;
  }

  get method(): string {
    return this.#head.method;
  }

  get url(): string {
    return this.#url ??= this.#makeURL();
  }

  get headers(): Headers {
    return this.#real?.headers ?? (this.#headers ??= headersOf(this.#head.fields()));
  }

  get signal(): AbortSignal {
    if (this.#controller === null) {
      this.#controller = new AbortController();
      if (this.#aborted !== undefined) this.#controller.abort(this.#aborted);
    }
    return this.#controller.signal;
  }

  get body(): ReadableStream<Uint8Array<ArrayBuffer>> | null {
    return this.#body === null ? null : this.#makeReal().body;
  }

  get bodyUsed(): boolean {
    return this.#isCollected || (this.#real?.bodyUsed ?? false);
  }

  arrayBuffer(): Promise<ArrayBuffer> {
    return this.#collect("arrayBuffer", (bytes) => bytes.buffer);
  }

  bytes(): Promise<Uint8Array<ArrayBuffer>> {
    return this.#collect("bytes", (bytes) => bytes);
  }

  json(): Promise<unknown> {
    return this.#collect("json", (bytes) => JSON.parse(textOf(bytes)));
  }

  text(): Promise<string> {
    return this.#collect("text", textOf);
  }

  /** Aborts the signal, because the client has closed the connection before the response. */
  [abortRequest](reason: Error): void {
    this.#aborted ??= reason;
    this.#controller?.abort(reason);
  }

  /** Returns the real request of a lazy one. */
  static realOf(lazy: LazyRequest): Request {
    return lazy.#makeReal();
  }

  #makeURL(): string {
    const { isRewritten, target } = this.#head;
    const path = target === "*" ? "/" : target;
    return isRewritten ? new URL(this.#origin + path).href : this.#origin + path;
  }

  #makeReal(): Request {
    if (this.#real !== null) return this.#real;
    const { method, headers, url, signal } = this;
    // A body that is being collected must not be read through a stream too.
    const body = this.#isCollected ? new Uint8Array(0) : this.#body?.stream ?? null;
    const real = new Request(url, { method, headers, body, signal });
    if (this.#isCollected) void quiet(real.bytes());
    return this.#real = real;
  }

  /** Reads the whole body, without a stream unless there is one already. */
  #collect<T>(
    method: "arrayBuffer" | "bytes" | "json" | "text",
    convert: (bytes: Uint8Array<ArrayBuffer>) => T,
  ): Promise<T> {
    // The cast is safe: `convert` returns what the method of this name does.
    if (this.#real !== null) return quiet(this.#real[method]() as Promise<T>);
    if (this.#isCollected) {
      const error = new TypeError(`Cannot read the body with ${method}(): it was read already`);
      return quiet(Promise.reject(error));
    }
    this.#isCollected = this.#body !== null;
    const bytes = this.#body?.collect() ?? Promise.resolve(new Uint8Array(0));
    return quiet(bytes.then(convert));
  }
}

/**
 * Marks a promise as handled. A handler may ignore the promise of a body. Its rejection, when the
 * client has gone, would end the process.
 */
function quiet<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {});
  return promise;
}

const decoder = new TextDecoder();

function textOf(bytes: Uint8Array): string {
  return decoder.decode(bytes);
}

/** Creates a request for a handler. The parameters are those of {@linkcode LazyRequest}. */
export function createRequest(
  head: RequestHead,
  body: RequestBody | null,
  origin: string,
): LazyRequest & Request {
  if (!isPrepared) prepare();
  // The prototype of the class, as prepare() completes it, has all members of a Request.
  return new LazyRequest(head, body, origin) as LazyRequest & Request;
}

let isPrepared = false;

/** Makes `LazyRequest` a subclass of `Request` whose constructor does not run that of `Request`. */
function prepare(): void {
  isPrepared = true;
  Object.setPrototypeOf(LazyRequest.prototype, Request.prototype);
  Object.setPrototypeOf(LazyRequest, Request);
  const sample = new Request("http://localhost/");
  for (const key of Reflect.ownKeys(Request.prototype)) {
    if (!Object.hasOwn(LazyRequest.prototype, key)) forward(key, sample);
  }
  for (const key of Reflect.ownKeys(sample)) forward(key, sample);
}

/** Defines a member that reads that of the real request. */
function forward(key: PropertyKey, sample: Request): void {
  const value: unknown = Reflect.get(sample, key);
  if (key === "constructor" || key === Symbol.toStringTag) return;
  const isMethod = typeof value === "function" && Object.hasOwn(Request.prototype, key);
  Object.defineProperty(LazyRequest.prototype, key, {
    configurable: true,
    enumerable: false,
    ...isMethod ? { value: methodFor(key), writable: true } : { get: getterFor(key) },
  });
}

function getterFor(key: PropertyKey): (this: LazyRequest) => unknown {
  return function (this: LazyRequest): unknown {
    return Reflect.get(realOf(this, key), key);
  };
}

function methodFor(key: PropertyKey): (this: LazyRequest, ...args: unknown[]) => unknown {
  return function (this: LazyRequest, ...args: unknown[]): unknown {
    const real = realOf(this, key);
    const method: unknown = Reflect.get(real, key);
    if (typeof method !== "function") throw new TypeError(`${String(key)} is not a function`);
    return Reflect.apply(method, real, args);
  };
}

function realOf(self: LazyRequest, key: PropertyKey): Request {
  if (self instanceof LazyRequest) return LazyRequest.realOf(self);
  throw new TypeError(`Cannot read ${String(key)} of ${quote(self)}: it is not a Request`);
}
