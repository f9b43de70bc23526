import { assert, assertEquals, assertInstanceOf, assertRejects, assertThrows } from "@std/assert";
import fc from "fast-check";
import { latin1Bytes } from "../../testing/fixtures/split_input.ts";
import { nextMacrotask } from "../../testing/next_macrotask.ts";
import { TEST_LIMITS } from "../../testing/fixtures/http_messages.ts";
import { abortRequest, createRequest, type LazyRequest } from "./lazy_request.ts";
import { BODY_END, RequestDecoder } from "./request_decoder.ts";
import { RequestBody } from "./request_body.ts";
import { RequestHead } from "./request_head.ts";

const POST = "POST /x?y=1 HTTP/1.1\r\nHost: a\r\nX-A: 1\r\nx-a: 2\r\n";
const FORM = "application/x-www-form-urlencoded";

/** Returns the request of a text, whose body has arrived. */
function requestOf(text: string): LazyRequest & Request {
  const decoder = new RequestDecoder(TEST_LIMITS);
  decoder.push(latin1Bytes(text));
  const head = decoder.next();
  assertInstanceOf(head, RequestHead);
  const source = { bodyWanted: () => {}, bodyCancelled: () => {} };
  const body = head.hasBody ? new RequestBody(source, 1000) : null;
  for (let part = decoder.next(); part !== null; part = decoder.next()) {
    if (part === BODY_END) body?.end();
    else if (part instanceof Uint8Array) body?.push(part);
  }
  return createRequest(head, body, "http://a");
}

function headOf(text: string): RequestHead {
  const decoder = new RequestDecoder(TEST_LIMITS);
  decoder.push(latin1Bytes(text));
  const head = decoder.next();
  assertInstanceOf(head, RequestHead);
  return head;
}

function post(body = "abc", type = "text/plain"): LazyRequest & Request {
  return requestOf(`${POST}Content-Type: ${type}\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
}

Deno.test("LazyRequest is a Request with the members of one", async () => {
  const request = post();
  assert(request instanceof Request);
  assertEquals(Object.prototype.toString.call(request), "[object Request]");
  const { method, url, redirect, mode, keepalive, bodyUsed, signal } = request;
  assertEquals([method, url, redirect, mode, keepalive, bodyUsed, signal.aborted], [
    "POST",
    "http://a/x?y=1",
    "follow",
    "cors",
    false,
    false,
    false,
  ]);
  assertEquals([...request.headers], [
    ["content-length", "3"],
    ["content-type", "text/plain"],
    ["host", "a"],
    ["x-a", "1, 2"],
  ]);
  assertEquals(await request.text(), "abc");
  assert(request.bodyUsed);
});

Deno.test("LazyRequest reads its body in every way, once", async () => {
  assertEquals(await post().bytes(), latin1Bytes("abc"));
  assertEquals(new Uint8Array(await post().arrayBuffer()), latin1Bytes("abc"));
  assertEquals(await post('{"a":[1]}').json(), { a: [1] });
  assertEquals(await (await post().blob()).text(), "abc");
  assertEquals([...await post("a=1&b=2", FORM).formData()], [["a", "1"], ["b", "2"]]);
  const request = post();
  await request.text();
  await assertRejects(() => request.json(), TypeError, "json()");
  await assertRejects(() => request.blob(), TypeError);
  const streamed = post();
  assertEquals(await new Response(streamed.body).text(), "abc");
  await assertRejects(() => streamed.text(), TypeError);
});

Deno.test("LazyRequest without a body is read as an empty one", async () => {
  const request = requestOf("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  assertEquals([request.body, await request.text(), await request.text()], [null, "", ""]);
  assertEquals((await request.bytes()).length, 0);
});

Deno.test("LazyRequest can be cloned, and passed to new Request()", async () => {
  const request = post();
  const clone = request.clone();
  assertEquals([await request.text(), await clone.text(), clone.url], ["abc", "abc", request.url]);
  const original = post();
  const copy = new Request(original);
  assertEquals([copy.method, copy.url, await copy.text()], ["POST", "http://a/x?y=1", "abc"]);
  assertEquals(copy.headers.get("x-a"), "1, 2");
  assert(original.bodyUsed);
  const changed = new Request(post(), { method: "PUT", headers: { a: "b" } });
  assertEquals([changed.method, [...changed.headers]], ["PUT", [["a", "b"]]]);
  const used = post();
  await used.text();
  assertThrows(() => new Request(used), TypeError);
  assertThrows(() => used.clone(), TypeError);
});

Deno.test("LazyRequest can be passed to fetch()", async () => {
  await using server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen: () => {} },
    async (request) => new Response(`${request.method} ${await request.text()}`),
  );
  const url = `http://127.0.0.1:${server.addr.port}/`;
  const response = await fetch(new Request(url, post()));
  assertEquals(await response.text(), "POST abc");
});

Deno.test("LazyRequest is shown by Deno.inspect() as a Request is", () => {
  const real = new Request("http://a/x?y=1", {
    method: "POST",
    body: "abc",
    headers: [["host", "a"], ["x-a", "1"], ["x-a", "2"], ["content-type", "text/plain"], [
      "content-length",
      "3",
    ]],
  });
  assertEquals(Deno.inspect(post()), Deno.inspect(real));
});

Deno.test("LazyRequest.signal aborts, whenever it was asked for", () => {
  const reason = new Error("gone");
  const early = post();
  const { signal } = early;
  const derived = new Request(early).signal;
  early[abortRequest](reason);
  assertEquals([signal.aborted, signal.reason, derived.aborted], [true, reason, true]);
  const late = post();
  late[abortRequest](reason);
  assertEquals(late.signal.reason, reason);
});

Deno.test("LazyRequest.headers shows changes to the copies that are made later", () => {
  const request = post();
  request.headers.set("x-b", "3");
  assertEquals(request.clone().headers.get("x-b"), "3");
});

Deno.test("LazyRequest.headers joins the cookies of several fields as Deno.serve does", () => {
  const { headers } = requestOf("GET / HTTP/1.1\r\nHost: a\r\nCookie: a=1\r\ncookie: b=2\r\n\r\n");
  assertEquals([...headers], [["cookie", "a=1; b=2"], ["host", "a"]]);
});

Deno.test("LazyRequest.url is written as URL writes it", () => {
  const characters = [..."/.?%2eEa~|{}^\"'`<>\\;:@&=+$,!*()[]"];
  const target = fc.array(fc.constantFrom(...characters), { maxLength: 12 });
  fc.assert(
    fc.property(target, (rest) => {
      const { url } = requestOf(`GET /${rest.join("")} HTTP/1.1\r\nHost: a\r\n\r\n`);
      assertEquals(url, new URL(`http://a/${rest.join("")}`).href);
    }),
    { numRuns: 2000, seed: 20_260_101 },
  );
});

Deno.test("LazyRequest that is not awaited does not fail when its client is gone", async () => {
  const source = { bodyWanted: () => {}, bodyCancelled: () => {} };
  const body = new RequestBody(source, 1000);
  const request = createRequest(headOf(`${POST}Content-Length: 3\r\n\r\n`), body, "http://a");
  request.text();
  body.fail(new Error("gone"));
  const other = new RequestBody(source, 1000);
  const streamed = createRequest(headOf(`${POST}Content-Length: 3\r\n\r\n`), other, "http://a");
  other.fail(new Error("gone"));
  streamed.body?.cancel();
  // An unhandled rejection would fail this test in a later turn.
  await nextMacrotask();
  assert(request.bodyUsed);
});

Deno.test("LazyRequest.text() reads the whole body, whatever is asked of the request meanwhile", async () => {
  const body = new RequestBody({ bodyWanted: () => {}, bodyCancelled: () => {} }, 1000);
  const request = createRequest(headOf(`${POST}Content-Length: 6\r\n\r\n`), body, "http://a");
  body.push(latin1Bytes("abc"));
  const text = request.text();
  assertEquals([request.redirect, request.bodyUsed], ["follow", true]);
  assertThrows(() => request.clone(), TypeError);
  await nextMacrotask();
  body.push(latin1Bytes("def"));
  body.end();
  assertEquals(await text, "abcdef");
});
