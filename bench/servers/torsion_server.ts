/**
 * The shortest echo servers on this library: one that receives chunks, and, with `buffered`, one
 * that provides the memory. With `hello`, the server sends a greeting and closes instead.
 *
 * Usage: `deno run -A bench/servers/torsion_server.ts PORT REACTOR [buffered | hello]`
 *
 * @module
 */

import { Factory, Protocol, TCP4ServerEndpoint } from "../../mod.ts";
import type { IBufferedProtocol } from "../../reactor/mod.ts";
import { reactorOf } from "../host_reactors.ts";

/** The server does not use a chunk again, so that its memory is free as soon as it is sent. */
const TRANSFERRED = { transfer: true };

class Echo extends Protocol {
  override connectionMade(): void {
    this.transport.setTcpNoDelay(true);
  }

  override dataReceived(data: Uint8Array): void {
    this.transport.write(data, TRANSFERRED);
  }
}

/** Memory that is free again when what was read into it has been sent. */
class Block {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly release: () => void;
  /** The next free block: an array that becomes empty would drop its memory each time. */
  next: Block | null = null;

  constructor(size: number, echo: BufferedEcho) {
    this.bytes = new Uint8Array(size);
    this.release = () => {
      this.next = echo.free;
      echo.free = this;
    };
  }
}

class BufferedEcho extends Echo implements IBufferedProtocol {
  free: Block | null = null;
  #block: Block | null = null;

  getBuffer(sizeHint: number): Uint8Array<ArrayBuffer> {
    // A block into which no bytes were read can be returned again.
    const block = this.#block ?? this.#takeFree();
    const fits = block !== null && block.bytes.length >= sizeHint;
    this.#block = fits ? block : new Block(sizeHint, this);
    return this.#block.bytes;
  }

  #takeFree(): Block | null {
    const block = this.free;
    if (block !== null) this.free = block.next;
    return block;
  }

  bufferUpdated(count: number): void {
    if (this.#block === null) return;
    const { bytes, release } = this.#block;
    this.#block = null;
    this.transport.write(bytes.subarray(0, count), { flushed: release });
  }
}

class Hello extends Protocol {
  override connectionMade(): void {
    this.transport.write("Hello Twisted");
    this.transport.loseConnection();
  }
}

const PROTOCOLS: Record<string, new () => Protocol> = { buffered: BufferedEcho, hello: Hello };

const [number, name, mode = ""] = Deno.args;
const reactor = reactorOf(name);
const factory = Factory.forProtocol(PROTOCOLS[mode] ?? Echo);
const endpoint = new TCP4ServerEndpoint(reactor, Number(number), { interface: "127.0.0.1" });
endpoint.listen(factory).addCallback((port) => console.log(`listening on ${port.getHost()}`));
await reactor.run();
