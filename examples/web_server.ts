/**
 * A web server on any endpoint: a page on which messages are posted, and which shows them as they
 * come, over server-sent events. SIGTERM or Ctrl-C lets open requests complete for up to ten
 * seconds.
 *
 *     deno run --allow-net examples/web_server.ts
 *
 * Try it: open http://127.0.0.1:8080/ in a browser, and run
 * `curl -d hello http://127.0.0.1:8080/messages`. Argument: a description of the endpoint
 * (`tcp:8080:interface=127.0.0.1`), such as `unix:/tmp/web.sock`.
 */

import { log, reactor, serverFromString, startApplication } from "@torsion/reactor";
import { StreamServerEndpointService } from "@torsion/reactor/endpoints";
import { HTTPFactory, type HTTPHandler } from "@torsion/reactor/http";

const { 0: where = "tcp:8080:interface=127.0.0.1" } = Deno.args;
const MAX_MESSAGE = 1000;

const PAGE = `<!doctype html>
<html lang="en">
<title>Messages</title>
<h1>Messages</h1>
<ul id="messages" aria-live="polite"></ul>
<form><label>Message <input autofocus></label> <button>Send</button></form>
<script>
  document.forms[0].onsubmit = (event) => {
    event.preventDefault();
    const [input] = event.target.elements;
    fetch("/messages", { method: "POST", body: input.value });
    input.value = "";
  };
  new EventSource("/messages").onmessage = ({ data }) => {
    const item = document.createElement("li");
    item.textContent = data;
    document.getElementById("messages").append(item);
  };
</script>
`;

/** The browsers that receive messages. */
const readers = new Set<ReadableStreamDefaultController<Uint8Array>>();
const encoder = new TextEncoder();

/** Returns a stream of all messages from now on, until the browser leaves. */
function messages(): Response {
  let reader: ReadableStreamDefaultController<Uint8Array>;
  const stream = new ReadableStream<Uint8Array>({
    start: (controller): void => {
      reader = controller;
      readers.add(controller);
      controller.enqueue(encoder.encode(": welcome\n\n"));
    },
    cancel: (): void => {
      readers.delete(reader);
    },
  });
  return new Response(stream, {
    headers: { "content-type": "text/event-stream", "cache-control": "no-store" },
  });
}

/** Sends a message to all browsers. Returns their number. */
async function post(request: Request): Promise<Response> {
  const text = (await request.text()).slice(0, MAX_MESSAGE);
  const event = encoder.encode(
    text.split(/\r\n?|\n/).map((line) => `data: ${line}\n`).join("") + "\n",
  );
  for (const reader of readers) {
    // A browser that has not read so much is disconnected, so that its queue does not grow.
    if ((reader.desiredSize ?? 0) > -100) reader.enqueue(event);
    else {
      readers.delete(reader);
      reader.error(new Error("The browser does not read"));
    }
  }
  return Response.json({ readers: readers.size });
}

const handler: HTTPHandler = (request) => {
  const { pathname } = new URL(request.url);
  const route = `${request.method} ${pathname}`;
  if (route === "GET /messages") return messages();
  if (route === "POST /messages") return post(request);
  if (route !== "GET /") return new Response("Not found\n", { status: 404 });
  return new Response(PAGE, { headers: { "content-type": "text/html; charset=utf-8" } });
};

log.startLogging(Deno.stdout);
const factory = new HTTPFactory(handler, { maxBodySize: 100_000 });
const endpoint = serverFromString(reactor, where);
const options = { drain: 10, raiseSynchronously: true };
startApplication(reactor, new StreamServerEndpointService(endpoint, factory, options));
// Streams of messages have no end of their own, so the server ends them when it stops.
reactor.addSystemEventTrigger("before", "shutdown", () => {
  for (const reader of readers) reader.close();
  readers.clear();
});
await reactor.run();
