/**
 * Tests with curl: HTTP over TCP, over a UNIX socket, and over TLS with a certificate that curl
 * verifies.
 */

import { assertEquals, assertMatch } from "@std/assert";
import { Factory, Protocol } from "../protocol/mod.ts";
import { portOf } from "../testing/fixtures/tcp_fixture.ts";
import { CURL, interopTest } from "./tool.ts";
import { tlsFiles } from "./tls_files.ts";

const test = interopTest(CURL);

/** Answers any request, and closes. */
class Page extends Protocol {
  #request = "";

  override dataReceived(data: Uint8Array): void {
    this.#request += new TextDecoder().decode(data);
    if (!this.#request.includes("\r\n\r\n")) return;
    const page = `Request: ${this.#request.split("\r\n")[0]}\n`;
    this.transport.write(`HTTP/1.1 200 OK\r\nContent-Length: ${page.length}\r\n\r\n${page}`);
    this.transport.loseConnection();
  }
}

const pages = Factory.forProtocol(Page);
const QUIET = ["--silent", "--show-error", "--noproxy", "*"];

test("listenTCP() serves an HTTP response to curl", async (fixture) => {
  fixture.run();
  const port = fixture.reactor.listenTCP(0, pages, { interface: "127.0.0.1" });
  const curl = fixture.start(...QUIET, `http://${port.getHost()}/a`);
  const { code, lines, errors } = await curl.end();
  assertEquals([code, lines, errors], [0, ["Request: GET /a HTTP/1.1"], ""]);
});

test("listenUNIX() serves an HTTP response to curl --unix-socket", async (fixture) => {
  fixture.run();
  const path = fixture.path("http");
  fixture.reactor.listenUNIX(path, pages);
  const curl = fixture.start(...QUIET, "--unix-socket", path, "http://localhost/b");
  const { code, lines, errors } = await curl.end();
  assertEquals([code, lines, errors], [0, ["Request: GET /b HTTP/1.1"], ""]);
});

test("listenTLS() serves an HTTPS response to curl, which verifies the certificate", async (fixture) => {
  fixture.run();
  const { folder, server } = await tlsFiles(fixture);
  const port = fixture.reactor.listenTLS(0, pages, { interface: "127.0.0.1", ...server });
  const url = `https://localhost:${portOf(port.getHost())}/c`;
  const curl = fixture.start(...QUIET, "--ipv4", "--cacert", `${folder}/roots/ca.pem`, url);
  const { code, lines, errors } = await curl.end();
  assertEquals([code, lines, errors], [0, ["Request: GET /c HTTP/1.1"], ""]);
});

test("listenTLS() continues to serve after curl has rejected its certificate", async (fixture) => {
  fixture.run();
  const { folder, server } = await tlsFiles(fixture);
  const port = fixture.reactor.listenTLS(0, pages, { interface: "127.0.0.1", ...server });
  const url = `https://localhost:${portOf(port.getHost())}/d`;
  const suspicious = await fixture.start(...QUIET, "--ipv4", url).end();
  assertEquals(suspicious.code, 60); // CURLE_PEER_FAILED_VERIFICATION
  assertMatch(suspicious.errors, /certificate/);
  const trusting = await fixture.start(
    ...QUIET,
    "--ipv4",
    "--cacert",
    `${folder}/roots/ca.pem`,
    url,
  )
    .end();
  assertEquals(trusting.lines, ["Request: GET /d HTTP/1.1"]);
});
