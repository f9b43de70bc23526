/**
 * The contract between a driver and its connection, checked from both sides.
 *
 * @module
 */

import type { IAddress } from "../interfaces.ts";
import type { StreamDriver, StreamDriverSink } from "../stream_driver.ts";

/**
 * Stands between a driver and its connection, passes all on, and notes each call that breaks the contract of `stream_driver.ts`. What it
 * notes it does not throw: it would come out in the middle of the code under test.
 */
export class CheckedDriver implements StreamDriver, StreamDriverSink {
  /** What was not as it should be. */
  readonly violations: string[] = [];
  /** The calls to the driver, but for reading and addresses. */
  readonly calls: string[] = [];
  readonly #driver: StreamDriver;
  #sink: StreamDriverSink | null = null;
  /** What is being written, and how it looked. */
  #writing: { bytes: Uint8Array; copy: Uint8Array } | null = null;
  #closingWrite = false;
  #writeClosed = false;
  #isReading = false;
  #late = 1;
  #readEnded = false;
  #closed = false;
  #failed = false;
  #released = false;

  /** @param driver The driver to check. */
  constructor(driver: StreamDriver) {
    this.#driver = driver;
  }

  /** Whether the connection wants to be given what comes. */
  get isReading(): boolean {
    return this.#isReading;
  }

  /** Whether nothing of the driver is left. */
  get isReleased(): boolean {
    return this.#released;
  }

  attach(sink: StreamDriverSink): void {
    this.#sink = sink;
    this.#driver.attach(this);
  }

  startReading(): void {
    this.#expectOpen("startReading()");
    this.#expect(!this.#isReading, "startReading() a second time");
    this.#expect(!this.#readEnded, "startReading() after the end");
    this.#isReading = true;
    this.#late = 1;
    this.#driver.startReading();
  }

  stopReading(): void {
    this.#expectOpen("stopReading()");
    this.#expect(this.#isReading, "stopReading() without startReading()");
    this.#isReading = false;
    this.#driver.stopReading();
  }

  write(bytes: Uint8Array): void {
    this.#expectOpen("write()");
    this.#expect(this.#writing === null, "write() while another is under way");
    this.#expect(!this.#writeClosed && !this.#closingWrite, "write() after closeWrite()");
    this.#expect(bytes.length > 0, "write() of nothing");
    this.calls.push(`write(${bytes.length})`);
    this.#writing = { bytes, copy: bytes.slice() };
    this.#driver.write(bytes);
  }

  closeWrite(): void {
    this.#expectOpen("closeWrite()");
    this.#expect(this.#writing === null, "closeWrite() while a write is under way");
    this.#expect(!this.#writeClosed && !this.#closingWrite, "closeWrite() a second time");
    this.calls.push("closeWrite()");
    this.#closingWrite = true;
    this.#driver.closeWrite();
  }

  close(): void {
    this.#end("close()");
    this.#driver.close();
  }

  abort(): void {
    this.#end("abort()");
    this.#driver.abort();
  }

  unref(): void {
    this.#driver.unref();
  }

  getPeer(): IAddress {
    return this.#driver.getPeer();
  }

  getHost(): IAddress {
    return this.#driver.getHost();
  }

  setNoDelay(enabled: boolean): void {
    this.#expectOpen("setNoDelay()");
    this.calls.push(`setNoDelay(${enabled})`);
    this.#driver.setNoDelay?.(enabled);
  }

  setKeepAlive(enabled: boolean): void {
    this.#expectOpen("setKeepAlive()");
    this.calls.push(`setKeepAlive(${enabled})`);
    this.#driver.setKeepAlive?.(enabled);
  }

  received(chunk: Uint8Array): void {
    this.#expectOpen("received()");
    this.#expect(!this.#readEnded, "received() after readEnded()");
    this.#expect(chunk.length > 0, "received() of nothing");
    if (!this.#isReading) this.#expect(this.#late-- > 0, "received() twice after stopReading()");
    this.#sink?.received(chunk);
  }

  readEnded(): void {
    this.#expectOpen("readEnded()");
    this.#expect(!this.#readEnded, "readEnded() a second time");
    this.#readEnded = true;
    this.#sink?.readEnded();
  }

  wrote(count: number): void {
    this.#expectOpen("wrote()");
    const writing = this.#writing;
    this.#writing = null;
    this.#expect(writing !== null, "wrote() without a write");
    if (writing !== null) {
      this.#expect(count > 0 && count <= writing.bytes.length, `wrote(${count})`);
      this.#expectUnchanged(writing);
    }
    this.#sink?.wrote(count);
  }

  writeClosed(): void {
    this.#expectOpen("writeClosed()");
    this.#expect(this.#closingWrite, "writeClosed() without closeWrite()");
    this.#closingWrite = false;
    this.#writeClosed = true;
    this.#sink?.writeClosed();
  }

  failed(reason: Error): void {
    this.#expectOpen("failed()");
    this.#failed = true;
    this.#sink?.failed(reason);
  }

  released(): void {
    this.#expect(this.#closed, "released() before close() or abort()");
    this.#expect(!this.#released, "released() a second time");
    this.#released = true;
    // Until now the system may have looked at the bytes.
    if (this.#writing !== null) this.#expectUnchanged(this.#writing);
    this.#sink?.released();
  }

  #end(call: string): void {
    this.#expectOpen(call);
    this.calls.push(call);
    this.#closed = true;
  }

  #expectOpen(call: string): void {
    this.#expect(!this.#closed, `${call} after close() or abort()`);
    this.#expect(this.#sink !== null, `${call} before attach()`);
    if (!call.startsWith("close()") && !call.startsWith("abort()")) {
      this.#expect(!this.#failed, `${call} after failed()`);
    }
  }

  #expectUnchanged({ bytes, copy }: { bytes: Uint8Array; copy: Uint8Array }): void {
    const same = bytes.every((byte, i) => byte === copy[i]);
    this.#expect(same, "bytes that were being written have been changed");
  }

  #expect(condition: boolean, otherwise: string): void {
    if (!condition) this.violations.push(otherwise);
  }
}
