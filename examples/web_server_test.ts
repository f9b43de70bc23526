// Posts messages to examples/web_server.ts, and reads them as a browser does.

import { assertEquals, assertMatch } from "@std/assert";
import { Example, messages, portOf } from "../testing/fixtures/example.ts";
import { RawPeer } from "../testing/peers/raw_peer.ts";

const WHERE = "tcp:0:interface=127.0.0.1";

/** Reads text from a stream until it contains a text. */
async function until(reader: ReadableStreamDefaultReader<string>, text: string): Promise<string> {
  let read = "";
  while (!read.includes(text)) {
    const { done, value } = await reader.read();
    if (done) throw new Error(`The stream ended after ${JSON.stringify(read)}`);
    read += value;
  }
  return read;
}

Deno.test("web_server.ts sends posted messages to its readers, and ends their streams on SIGTERM", async () => {
  await using server = new Example("web_server.ts", [WHERE]);
  const port = await portOf(server, "127.0.0.1");
  const url = `http://127.0.0.1:${port}`;
  const page = await fetch(url);
  assertEquals(page.headers.get("content-type"), "text/html; charset=utf-8");
  assertMatch(await page.text(), /<h1>Messages<\/h1>/);
  assertEquals(await (await fetch(`${url}/none`)).text(), "Not found\n");
  const stream = await fetch(`${url}/messages`);
  const reader = (stream.body ?? new ReadableStream()).pipeThrough(new TextDecoderStream())
    .getReader();
  await until(reader, ": welcome\n\n");
  const posted = await fetch(`${url}/messages`, { method: "POST", body: "one\ntwo" });
  assertEquals(await posted.json(), { readers: 1 });
  assertEquals(await until(reader, "two\n\n"), "data: one\ndata: two\n\n");
  const last = await RawPeer.connect(port);
  const request = "GET /none HTTP/1.1\r\nHost: a\r\n\r\n";
  await last.send(request); // before its answer, the connection may wait in the backlog
  for (let answer = ""; !answer.endsWith("Not found\n");) answer += await last.readText(1);
  server.send("SIGTERM");
  assertEquals((await reader.read()).done, true);
  await last.send(request);
  assertMatch(new TextDecoder().decode(await last.readAll()), /connection: close\r\n/);
  last.close();
  server.send("SIGTERM");
  const { code, lines, errors } = await server.end();
  assertEquals([code, errors], [0, ""]);
  assertEquals(messages(lines).at(-1), "Main loop terminated.");
});
