/**
 * A connection as a pair of streams: what comes is decoded, turned into capitals, and sent back, by streams that everybody has.
 *
 *     deno run --allow-net examples/streams.ts
 *
 * See: `nc 127.0.0.1 2000` gets back in capitals what you type. Ctrl-D there (with `nc -N`) ends what you send: what was under way still
 * comes back, then the server hangs up. Another port can be given as an argument; 0 lets the system choose.
 */

import { Factory, log, reactor, StreamProtocol, TCP4ServerEndpoint } from "@torsion/reactor";

/** A stream of text that makes capitals of it. */
function capitals(): TransformStream<string, string> {
  return new TransformStream({
    transform: (text, controller) => controller.enqueue(text.toUpperCase()),
  });
}

class Capitals extends StreamProtocol {
  override async connectionMade(): Promise<void> {
    const client = this.transport.getPeer();
    // A client that does not read its answers stops the pipe, and with it is read no more: nothing piles up.
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
