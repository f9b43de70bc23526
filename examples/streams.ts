/**
 * A connection as a pair of web streams: the input is decoded, changed to capitals, and sent back.
 *
 *     deno run --allow-net examples/streams.ts
 *
 * Try it: `nc 127.0.0.1 2000` repeats your lines in capitals. Ctrl-D (with `nc -N`) ends the input:
 * the server sends the pending text, and then closes the connection. Another port can be given as
 * an argument; 0 lets the system choose.
 */

import { Factory, log, reactor, StreamProtocol, TCP4ServerEndpoint } from "@torsion/reactor";

/** Returns a stream that changes text to capitals. */
function capitals(): TransformStream<string, string> {
  return new TransformStream({
    transform: (text, controller) => controller.enqueue(text.toUpperCase()),
  });
}

class Capitals extends StreamProtocol {
  override async connectionMade(): Promise<void> {
    const client = this.transport.getPeer();
    // If a client does not read, the pipe stops and the server does not read either, so no data
    // piles up.
    await this.readable
      .pipeThrough(new TextDecoderStream())
      .pipeThrough(capitals())
      .pipeTo(this.writable);
    log.msg(`${client} has all it asked for`);
  }
}

if (import.meta.main) {
  log.startLogging(Deno.stdout);
  const endpoint = new TCP4ServerEndpoint(reactor, Number(Deno.args[0] ?? 2000));
  endpoint.listen(Factory.forProtocol(Capitals)).addErrback((error) => {
    console.error(error.message);
    Deno.exit(1);
  });
  await reactor.run();
}
