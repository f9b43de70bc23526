/**
 * Tests of HTTPFactory with clients and a proxy of other authors: curl, h2load of nghttp2, wrk,
 * nginx, and the framework Hono.
 */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { Hono } from "hono";
import { logger } from "hono/logger";
import { streamText } from "hono/streaming";
import { HTTPFactory, type HTTPHandler } from "../protocol/http/mod.ts";
import { EpollReactor } from "../reactor/drivers/epoll/mod.ts";
import { portOf } from "../testing/fixtures/tcp_fixture.ts";
import { freePort, startNginxHTTP } from "./proxy.ts";
import { tlsFiles } from "./tls_files.ts";
import { CURL, H2LOAD, interopTest, NGINX, WRK } from "./tool.ts";

const LOCAL = { interface: "127.0.0.1" };
const QUIET = ["--silent", "--show-error", "--noproxy", "*"];
const LARGE = "0123456789abcdef".repeat(131_072);

/** Greets, and echoes what is posted. */
const handler: HTTPHandler = (request) => {
  if (request.method === "POST") return new Response(request.body);
  return new Response(`${request.method} ${new URL(request.url).pathname}\n`);
};

const pages = new HTTPFactory(handler);

const withCurl = interopTest(CURL);

withCurl("HTTPFactory answers several requests of curl on one connection", async (fixture) => {
  fixture.run();
  const peers = new Set<string>();
  const factory = new HTTPFactory((request, info) => {
    peers.add(`${info.peer}`);
    return handler(request, info);
  });
  const port = fixture.reactor.listenTCP(0, factory, LOCAL);
  const url = `http://${port.getHost()}`;
  const { code, lines, errors } = await fixture.start(...QUIET, `${url}/a`, `${url}/b`).end();
  assertEquals([code, lines, errors], [0, ["GET /a", "GET /b"], ""]);
  assertEquals(peers.size, 1);
});

withCurl("HTTPFactory answers HEAD, and requests of HTTP/1.0", async (fixture) => {
  fixture.run();
  const url = `http://${fixture.reactor.listenTCP(0, pages, LOCAL).getHost()}/a`;
  const head = await fixture.start(...QUIET, "--head", url).end();
  assertEquals([head.code, head.lines[0]], [0, "HTTP/1.1 200 OK\r"]);
  assert(head.lines.includes("content-length: 8\r"), head.lines.join("\n"));
  const old = await fixture.start(...QUIET, "--http1.0", url).end();
  assertEquals([old.code, old.lines], [0, ["GET /a"]]);
});

for (const encoding of ["Content-Length", "Transfer-Encoding: chunked"]) {
  const more = encoding === "Content-Length" ? [] : ["--header", encoding];
  withCurl(`HTTPFactory echoes 2 MiB that curl sends with ${encoding}`, async (fixture) => {
    fixture.run();
    const url = `http://${fixture.reactor.listenTCP(0, pages, LOCAL).getHost()}/`;
    const file = fixture.path("large");
    const output = fixture.path("output");
    await Deno.writeTextFile(file, LARGE);
    const args = ["--data-binary", `@${file}`, "--output", output, ...more];
    const { code, errors } = await fixture.start(...QUIET, ...args, url).end();
    assertEquals([code, errors], [0, ""]);
    assert(await Deno.readTextFile(output) === LARGE);
  });
}

withCurl("HTTPFactory serves HTTPS and UNIX sockets to curl", async (fixture) => {
  fixture.run();
  const { folder, server } = await tlsFiles(fixture);
  const port = fixture.reactor.listenTLS(0, pages, { ...LOCAL, ...server });
  const url = `https://localhost:${portOf(port.getHost())}/c`;
  const secure = ["--ipv4", "--cacert", `${folder}/roots/ca.pem`, url];
  const tls = await fixture.start(...QUIET, ...secure).end();
  assertEquals([tls.code, tls.lines], [0, ["GET /c"]]);
  const path = fixture.path("http");
  fixture.reactor.listenUNIX(path, pages);
  const unix = await fixture.start(...QUIET, "--unix-socket", path, "http://localhost/d").end();
  assertEquals([unix.code, unix.lines], [0, ["GET /d"]]);
});

withCurl("curl reports a body that fails midway", async (fixture) => {
  fixture.run();
  const factory = new HTTPFactory(() => {
    let count = 0;
    const stream = new ReadableStream({
      pull: (controller) => {
        if (++count > 3) throw new Error("the disk failed");
        controller.enqueue(new TextEncoder().encode("part\n"));
      },
    });
    return new Response(stream);
  });
  const url = `http://${fixture.reactor.listenTCP(0, factory, LOCAL).getHost()}/`;
  const { code } = await fixture.start(...QUIET, url).end();
  assertEquals(code, 18); // CURLE_PARTIAL_FILE
  assertEquals(fixture.errors.take().map(({ message }) => message), ["the disk failed"]);
});

interopTest(H2LOAD)("HTTPFactory answers 2000 requests of h2load", async (fixture) => {
  fixture.run();
  const url = `http://${fixture.reactor.listenTCP(0, pages, LOCAL).getHost()}/`;
  const { lines } = await fixture.start("--h1", "-n2000", "-c20", "-m4", url).end();
  const result = lines.find((line) => line.startsWith("requests:")) ?? "";
  assertMatch(result, /2000 done, 2000 succeeded, 0 failed, 0 errored, 0 timeout/);
});

interopTest(WRK)("HTTPFactory on EpollReactor answers all requests of wrk", async (fixture) => {
  const reactor = new EpollReactor();
  const running = reactor.run({ installSignalHandlers: false });
  fixture.after(async () => {
    reactor.stop();
    await running;
  });
  const url = `http://${reactor.listenTCP(0, pages, LOCAL).getHost()}/`;
  const { code, lines } = await fixture.program("wrk", ["-t1", "-c20", "-d1s", url]).end();
  assertEquals(code, 0);
  assert(lines.some((line) => /\d+ requests in/.test(line)), lines.join("\n"));
  assert(!lines.some((line) => /Socket errors|Non-2xx/.test(line)), lines.join("\n"));
});

const withNginx = interopTest(NGINX, CURL);

withNginx(
  "HTTPFactory answers through nginx, which keeps its connections open",
  async (fixture) => {
    fixture.run();
    const peers = new Set<string>();
    const factory = new HTTPFactory((request, info) => {
      peers.add(`${info.peer}`);
      return handler(request, info);
    });
    const front = freePort();
    const port = fixture.reactor.listenTCP(0, factory, LOCAL);
    await startNginxHTTP(fixture, front, portOf(port.getHost()));
    const url = `http://127.0.0.1:${front}`;
    for (const path of ["/a", "/b", "/c"]) {
      const curl = await fixture.program("curl", [...QUIET, url + path]).end();
      assertEquals([curl.code, curl.lines], [0, [`GET ${path}`]]);
    }
    assertEquals(peers.size, 1);
    const file = fixture.path("large");
    const output = fixture.path("output");
    await Deno.writeTextFile(file, LARGE);
    const args = [...QUIET, "--data-binary", `@${file}`, "--output", output, url];
    assertEquals((await fixture.program("curl", args).end()).code, 0);
    assert(await Deno.readTextFile(output) === LARGE);
  },
);

withCurl("HTTPFactory serves an application of Hono", async (fixture) => {
  fixture.run();
  const seen: string[] = [];
  const app = new Hono();
  app.use(logger((line) => seen.push(line)));
  app.get("/", (context) => context.text("Hello Hono!"));
  app.get("/users/:id", (context) => context.json({ id: context.req.param("id") }));
  app.post("/form", async (context) => context.json(await context.req.parseBody()));
  app.get("/lines", (context) =>
    streamText(context, async (stream) => {
      for (const line of ["one", "two"]) await stream.writeln(line);
    }));
  const factory = new HTTPFactory((request) => app.fetch(request));
  const url = `http://${fixture.reactor.listenTCP(0, factory, LOCAL).getHost()}`;
  const curl = async (...args: string[]): Promise<string> =>
    (await fixture.start(...QUIET, "--write-out", "\n", ...args).end()).lines.join("\n");
  assertEquals(await curl(`${url}/`), "Hello Hono!");
  assertEquals(await curl(`${url}/users/7?x=1`), '{"id":"7"}');
  assertEquals(await curl("--form", "a=b", `${url}/form`), '{"a":"b"}');
  assertEquals(await curl(`${url}/lines`), "one\ntwo\n");
  assertEquals(await curl(`${url}/none`), "404 Not Found");
  assertEquals(seen.length, 10);
});
