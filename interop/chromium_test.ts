/** Tests of WebSocket with Chromium, which is driven by a WebSocket connection itself. */

import { assertEquals } from "@std/assert";
import {
  HTTPAnswer,
  WebSocketFactory,
  WebSocketProtocol,
  type WebSocketRequest,
} from "../endpoints/websocket/mod.ts";
import { Example } from "../testing/fixtures/example.ts";
import { portOf } from "../testing/fixtures/tcp_fixture.ts";
import { openPage, type Page } from "./chromium.ts";
import { CHROMIUM, type InteropFixture, interopTest } from "./tool.ts";
import { RawPeer } from "../testing/peers/raw_peer.ts";

const chromium = interopTest(CHROMIUM);

class Echo extends WebSocketProtocol {
  override messageReceived(data: string | Uint8Array): void {
    this.send(data);
  }
}

/** The script of the page: it sends messages, and returns the echoes and the end. */
const EXCHANGE = `(path, origin = location.origin) => new Promise((resolve) => {
  const messages = ["", "hello", "h\\u00e9llo \\u{1f600}", "x".repeat(100000), [0, 255]];
  const echoes = [];
  const socket = new WebSocket(origin.replace("http", "ws") + path, ["other", "echo"]);
  socket.binaryType = "arraybuffer";
  const next = () => {
    const message = messages[echoes.length];
    if (message === undefined) socket.close(3000, "done");
    else socket.send(typeof message === "string" ? message : Uint8Array.from(message));
  };
  socket.onopen = next;
  socket.onmessage = ({ data }) => {
    echoes.push(typeof data === "string" ? data : [...new Uint8Array(data)]);
    next();
  };
  socket.onclose = ({ code, wasClean }) => resolve({
    isSame: JSON.stringify(echoes) === JSON.stringify(messages),
    code, wasClean, protocol: socket.protocol, extensions: socket.extensions,
  });
})`;

/** The page of the server, which is not a WebSocket. */
function anyPage(): HTTPAnswer {
  return new HTTPAnswer(200, { headers: { "Content-Type": "text/html" }, body: "<p>" });
}

/** Serves a factory, and opens its page. */
async function openServed(
  fixture: InteropFixture,
  factory: WebSocketFactory,
): Promise<{ page: Page; port: number }> {
  const port = portOf(
    fixture.reactor.listenTCP(0, factory, { interface: "127.0.0.1" }).getHost(),
  );
  fixture.run();
  return { page: await openPage(fixture, `http://localhost:${port}/`), port };
}

chromium("a page exchanges messages, and a page of another origin is refused", async (fixture) => {
  const requests: WebSocketRequest[] = [];
  const accept = (request: WebSocketRequest): WebSocketProtocol => {
    requests.push(request);
    return new Echo();
  };
  const factory = new WebSocketFactory(accept, {
    subprotocols: ["echo"],
    answer: anyPage,
  });
  const { page, port } = await openServed(fixture, factory);
  assertEquals(await page.evaluate(`(${EXCHANGE})("/echo")`), {
    isSame: true,
    code: 3000,
    wasClean: true,
    protocol: "echo",
    extensions: "",
  });
  assertEquals(requests.map(({ origin }) => origin), [`http://localhost:${port}`]);
  const other = `"http://127.0.0.1:${port}"`;
  const refused = await page.evaluate(`(${EXCHANGE})("/echo", ${other}).then(({ code }) => code)`);
  assertEquals([refused, requests.length], [1006, 1]);
});

chromium("a page exchanges compressed messages", async (fixture) => {
  const factory = new WebSocketFactory(() => new Echo(), {
    subprotocols: ["echo"],
    compression: true,
    answer: anyPage,
  });
  const { page } = await openServed(fixture, factory);
  assertEquals(await page.evaluate(`(${EXCHANGE})("/echo")`), {
    isSame: true,
    code: 3000,
    wasClean: true,
    protocol: "echo",
    extensions: "permessage-deflate; server_no_context_takeover; client_no_context_takeover",
  });
});

chromium("the page of web_chat.ts works by the keyboard", async (fixture) => {
  await using server = new Example("web_chat.ts", ["0", "0"]);
  const ports: Record<string, string | undefined> = {};
  for (let i = 0; i < 2; i++) {
    const [, name = "", port] = await server.line(/\] (\w+) starting on 0\.0\.0\.0:(\d+)$/);
    ports[name] = port;
  }
  fixture.run();
  const page = await openPage(fixture, `http://127.0.0.1:${ports.WebSocketFactory}/`);
  const shows = (text: string): Promise<unknown> =>
    page.evaluate(`new Promise((resolve) => {
      const look = () => document.body.innerText.includes(${JSON.stringify(text)}) && resolve(true);
      new MutationObserver(look).observe(document, { subtree: true, childList: true });
      look();
    })`);
  await shows("What's your name?");
  await shows("connected");
  await page.type("Ann");
  await shows("Welcome, Ann!");
  const terminal = new RawPeer(
    fixture.closeAfter(
      await Deno.connect({ hostname: "127.0.0.1", port: Number(ports.Factory) }),
    ),
  );
  await terminal.send("Bob\nhello from a terminal\n");
  await shows("hello from a terminal");
  await page.type("hello from a browser");
  const expected =
    "What's your name?\nWelcome, Bob! 1 here before you.\n<Ann> hello from a browser\n";
  assertEquals(await terminal.readText(expected.length), expected);
  await page.type("/who");
  await shows("* Ann, Bob");
  server.send("SIGINT");
  await shows("closed (1001)");
});
