import { Deferred } from "../defer/mod.ts";
import { codeOf } from "../internal/foreign_value.ts";
import { checkString, quote } from "../internal/validation.ts";
import { Protocol } from "../protocol/mod.ts";
import { ConnectionDone } from "../reactor/errors.ts";
import { CollectedBytes } from "./collected_bytes.ts";

/** Ends a wait if its condition has come true, and returns whether the wait has ended. */
type Waiter = () => boolean;

/**
 * A protocol that a test moves: the peer of the protocol under test.
 *
 * It collects what it receives, and does nothing by itself: when the peer closes, its own side
 * stays open until {@linkcode close}, so that a test decides the order. A test that awaits waits
 * with {@linkcode receives} and {@linkcode ended}.
 *
 * @example
 * ```ts
 * import { LineReceiver } from "@torsion/reactor/protocol";
 * import { connectedServerAndClient, TestPeer } from "@torsion/reactor/testing";
 *
 * class Greeter extends LineReceiver {
 *   override textReceived(name: string): void {
 *     this.sendLine(`Hello, ${name}`);
 *     this.transport.loseConnection();
 *   }
 * }
 *
 * using pair = connectedServerAndClient(Greeter, TestPeer);
 * pair.client.send("Ada\r\n");
 * pair.pump.flush();
 * console.log(JSON.stringify(pair.client.text), pair.client.ending); // "Hello, Ada\r\n" closed
 * ```
 */
export class TestPeer extends Protocol {
  readonly #chunks: Uint8Array[] = [];
  #reason: Error | null = null;
  #readEnded = false;
  #waiters: Waiter[] = [];

  /** The bytes received so far. */
  get data(): Uint8Array {
    return this.#collected().value();
  }

  /** The text received so far, read as UTF-8. */
  get text(): string {
    return this.#collected().text();
  }

  /** The chunks received so far: the argument of each call of `dataReceived`. */
  get chunks(): readonly Uint8Array[] {
    return this.#chunks;
  }

  /** The argument of `connectionLost`; `null` while the connection is open. */
  get reason(): Error | null {
    return this.#reason;
  }

  /**
   * How the connection has ended: `""` while it can receive, `"closed"` if the peer has closed its
   * writing side or the connection was closed cleanly, and else the code of the error, such as
   * `"ECONNRESET"`, or its name.
   */
  get ending(): string {
    const reason = this.#reason;
    if (this.#readEnded || reason instanceof ConnectionDone) return "closed";
    return reason === null ? "" : codeOf(reason) ?? reason.name;
  }

  /** A Deferred that fires with {@linkcode ending} when it is no longer `""`. */
  get ended(): Deferred<string> {
    const ended = new Deferred<string>();
    this.#wait(() => {
      if (this.ending !== "" && !ended.called) ended.callback(this.ending);
      return ended.called;
    });
    return ended;
  }

  /**
   * Waits until a text has been received.
   *
   * @param text The text, which may have arrived in several chunks, or already before this call.
   *   What {@linkcode take} has returned does not count.
   * @returns A Deferred that fires with {@linkcode TestPeer.text}. It fails if the connection ends
   *   before. Cancelling it ends the wait.
   * @throws {TypeError} If the argument is not a string.
   *
   * @example
   * ```ts
   * import { Factory, LineReceiver } from "@torsion/reactor/protocol";
   * import { connectProtocol } from "@torsion/reactor/endpoints";
   * import { MemoryEndpoints, TestPeer } from "@torsion/reactor/testing";
   *
   * class Greeter extends LineReceiver {
   *   override textReceived(name: string): void {
   *     this.sendLine(`Hello, ${name}`);
   *     this.transport.loseConnection();
   *   }
   * }
   *
   * using endpoints = new MemoryEndpoints();
   * await endpoints.server.listen(Factory.forProtocol(Greeter));
   * const peer = await connectProtocol(endpoints.client, new TestPeer());
   * peer.send("Ada\r\n");
   * await peer.receives("Hello, Ada");
   * console.log(await peer.ended); // closed
   * peer.close();
   * ```
   */
  receives(text: string): Deferred<string> {
    checkString("receives() text", text);
    const received = new Deferred<string>();
    this.#wait(() => {
      if (received.called) return true;
      if (this.text.includes(text)) received.callback(this.text);
      else if (this.ending !== "") received.errback(this.#missing(text));
      return received.called;
    });
    return received;
  }

  /** Called with bytes from the peer, which are collected. */
  override dataReceived(data: Uint8Array): void {
    this.#chunks.push(data);
    this.#checkWaiters();
  }

  /** Called when the peer has closed its writing side. */
  readConnectionLost(): void {
    this.#readEnded = true;
    this.#checkWaiters();
  }

  /** Called when this side has closed its writing side. */
  writeConnectionLost(): void {}

  /** Called when the connection is lost. */
  override connectionLost(reason: Error): void {
    this.#reason = reason;
    this.#checkWaiters();
  }

  /**
   * Forgets what has been received, and returns it.
   *
   * @returns The text, read as UTF-8.
   */
  take(): string {
    const { text } = this;
    this.#chunks.length = 0;
    return text;
  }

  /**
   * Sends data.
   *
   * @param data The bytes, or a text that is sent as UTF-8.
   */
  send(data: Uint8Array | string): void {
    this.transport.write(data);
  }

  /** Stops to read, so that the protocol under test meets backpressure. */
  pause(): void {
    this.transport.pauseProducing();
  }

  /** Reads again. */
  resume(): void {
    this.transport.resumeProducing();
  }

  /** Closes the writing side when everything is sent. This side can still receive. */
  closeWrite(): void {
    this.transport.loseWriteConnection();
  }

  /** Closes the connection when everything is sent. */
  close(): void {
    this.transport.loseConnection();
  }

  /** Resets the connection: what is in transit is lost. */
  abort(): void {
    this.transport.abortConnection();
  }

  #wait(waiter: Waiter): void {
    if (!waiter()) this.#waiters.push(waiter);
  }

  #checkWaiters(): void {
    // A waiter may start another wait.
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const waiter of waiters) this.#wait(waiter);
  }

  #missing(text: string): Error {
    return new Error(
      `Cannot receive ${quote(text)}: the connection has ended (${this.ending}) after ` +
        quote(this.text),
      { cause: this.#reason ?? undefined },
    );
  }

  #collected(): CollectedBytes {
    const bytes = new CollectedBytes();
    for (const chunk of this.#chunks) bytes.add(chunk);
    return bytes;
  }
}
