/**
 * The first server as a web server: the same greeting, sent over HTTP, because browsers reject a
 * greeting that is not HTTP.
 *
 *     deno run --allow-net examples/web_hello.ts
 *
 * Try it: open http://localhost:2000/ in a browser, or run `curl -i http://127.0.0.1:2000/`. Ctrl-C
 * stops the server. Another port can be given as an argument; 0 lets the system choose.
 */

import { log, Protocol, reactor, ServerFactory, TCP4ServerEndpoint } from "@torsion/reactor";

const GREETING = "Hello Twisted\n";
const MAX_HEAD = 16384;

class WebGreeter extends Protocol {
  #head = "";

  // The head of a request ends with an empty line, and may arrive in several chunks (RFC 9112,
  // section 2.1).
  override dataReceived(data: Uint8Array): void {
    this.#head += new TextDecoder("latin1").decode(data);
    if (this.#head.includes("\r\n\r\n")) this.respond();
    else if (this.#head.length > MAX_HEAD) this.transport.abortConnection();
  }

  respond(): void {
    this.transport.writeSequence([
      "HTTP/1.1 200 OK\r\n",
      "Content-Type: text/plain; charset=utf-8\r\n",
      `Content-Length: ${GREETING.length}\r\n`,
      "Connection: close\r\n\r\n",
    ]);
    // A HEAD request is answered without the content (RFC 9110, section 9.3.2).
    if (!this.#head.startsWith("HEAD ")) this.transport.write(GREETING);
    this.transport.loseConnection();
  }
}

if (import.meta.main) {
  log.startLogging(Deno.stdout);
  const endpoint = new TCP4ServerEndpoint(reactor, Number(Deno.args[0] ?? 2000));
  endpoint.listen(ServerFactory.forProtocol(WebGreeter)).addErrback((error) => {
    console.error(error.message);
    Deno.exit(1);
  });
  await reactor.run();
}
