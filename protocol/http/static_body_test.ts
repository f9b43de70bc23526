import { assert, assertEquals } from "@std/assert";
import { connectedServerAndClient, TestPeer } from "../../testing/mod.ts";
import { HTTPFactory } from "./mod.ts";
import { takeStaticBody } from "./static_body.ts";

/** The key under which Deno keeps the body of a response. */
const key = Reflect.ownKeys(Response.prototype).find((key) =>
  typeof key === "symbol" && key.description === "body"
);

/** Returns a response that keeps its body in another form, as another version of Deno may. */
function keptAs(inner: unknown): Response {
  assert(key !== undefined);
  return Object.defineProperty(new Response("x"), key, { value: inner });
}

Deno.test("takeStaticBody() takes a body that is a string or bytes, and null for none", () => {
  const bytes = Uint8Array.of(1, 2);
  assertEquals(takeStaticBody(new Response("x")), "x");
  assertEquals(takeStaticBody(new Response(bytes)), bytes);
  assertEquals(takeStaticBody(Response.json({ a: 1 })), '{"a":1}');
  assertEquals(takeStaticBody(new Response(null)), null);
});

Deno.test("takeStaticBody() counts the body as used", async () => {
  const response = new Response("x");
  takeStaticBody(response);
  assert(response.bodyUsed);
  assertEquals(takeStaticBody(response), undefined);
  const read = new Response("x");
  await read.text();
  assertEquals(takeStaticBody(read), undefined);
});

Deno.test("takeStaticBody() leaves a stream to the caller", async () => {
  const response = new Response(ReadableStream.from([Uint8Array.of(0x78)]));
  assertEquals(takeStaticBody(response), undefined);
  assertEquals(await response.text(), "x");
  const touched = new Response("x");
  assert(touched.body !== null);
  assertEquals(takeStaticBody(touched), undefined);
  assertEquals(await touched.text(), "x");
});

Deno.test("takeStaticBody() leaves a body to the caller that Deno keeps in another form", () => {
  const forms = [
    undefined,
    "x",
    {},
    { streamOrStatic: null },
    { streamOrStatic: "x" },
    { streamOrStatic: { body: "x" } },
    { streamOrStatic: { body: "x", consumed: undefined } },
    { streamOrStatic: { consumed: false } },
    { streamOrStatic: { body: 3, consumed: false } },
  ];
  for (const form of forms) assertEquals(takeStaticBody(keptAs(form)), undefined);
});

Deno.test("HTTPChannel sends a body as a stream that Deno keeps in another form", async () => {
  const { body } = new Response("hello");
  const factory = new HTTPFactory(() =>
    Object.defineProperties(keptAs({}), {
      body: { value: body },
      headers: { value: new Headers() },
    })
  );
  using pair = connectedServerAndClient(factory, TestPeer);
  pair.client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  await pair.pump.pumpUntilIdle();
  const [, text = ""] = pair.client.take().split("\r\n\r\n5\r\n");
  assertEquals(text, "hello\r\n0\r\n\r\n");
});
