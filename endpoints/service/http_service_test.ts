import { assertEquals, assertInstanceOf, assertMatch, assertThrows } from "@std/assert";
import { Deferred } from "../../defer/mod.ts";
import { CannotListenError, IPv4Address } from "../../reactor/mod.ts";
import { Clock } from "../../task/mod.ts";
import { LoggedErrors } from "../../testing/mod.ts";
import { Program } from "../../testing/fixtures/program.ts";
import { TestAuthority } from "../../testing/fixtures/certificates.ts";
import { nextMacrotask } from "../../testing/next_macrotask.ts";
import { drainHTTPServer, HTTPService, type HTTPServiceHandler } from "./http_service.ts";
import { PendingResponses } from "./pending_responses.ts";

const LOCAL = { port: 0, interface: "127.0.0.1" };

/** A service on a free port, whose clock the test moves. */
class Server {
  readonly clock = new Clock();
  readonly service: HTTPService;

  constructor(handler: HTTPServiceHandler, drain: number) {
    this.service = new HTTPService(this.clock, handler, { ...LOCAL, drain });
    this.service.startService();
  }

  get url(): string {
    return `http://${this.service.getHost()}/`;
  }

  async get(): Promise<[number, string]> {
    const response = await fetch(this.url);
    return [response.status, await response.text()];
  }
}

/** A handler whose responses the test gives. */
function manual(): { waits: Deferred<Response>[]; handler: HTTPServiceHandler } {
  const waits: Deferred<Response>[] = [];
  const handler = (): Deferred<Response> => {
    const wait = new Deferred<Response>();
    waits.push(wait);
    return wait;
  };
  return { waits, handler };
}

Deno.test("HTTPService answers requests until it is stopped", async () => {
  const peers: unknown[] = [];
  const server = new Server((_request, { peer }) => {
    peers.push(peer);
    return new Response("x");
  }, 10);
  assertEquals(await server.get(), [200, "x"]);
  assertInstanceOf(peers[0], IPv4Address);
  const { url } = server;
  await server.service.stopService();
  assertEquals(server.service.running, false);
  await fetch(url).then(() => Promise.reject(new Error("It still answers")), () => {});
  assertThrows(() => server.service.getHost(), Error, "it does not listen");
  assertEquals(server.clock.getDelayedCalls(), []);
});

Deno.test("HTTPService can be started again, and stopped twice", async () => {
  const server = new Server(() => new Response("x"), 10);
  await server.service.stopService();
  await server.service.stopService();
  server.service.startService();
  server.service.startService();
  assertEquals(await server.get(), [200, "x"]);
  await server.service.stopService();
});

Deno.test("HTTPService.stopService() waits for the open requests", async () => {
  const { waits, handler } = manual();
  const server = new Server(handler, 10);
  const got = server.get();
  while (server.service.pending === 0) await nextMacrotask();
  const stopped = server.service.stopService();
  server.clock.advance(9);
  waits[0]?.callback(new Response("late"));
  assertEquals(await got, [200, "late"]);
  await stopped;
});

Deno.test("HTTPService.stopService() answers 503 at the deadline", async () => {
  const { waits, handler } = manual();
  const server = new Server(handler, 10);
  const got = server.get();
  while (server.service.pending === 0) await nextMacrotask();
  const stopped = server.service.stopService();
  server.clock.advance(10);
  assertEquals(await got, [503, "Service Unavailable\n"]);
  await stopped;
  const cancelled = Promise.withResolvers<void>();
  waits[0]?.callback(new Response(new ReadableStream({ cancel: () => cancelled.resolve() })));
  await cancelled.promise;
});

Deno.test("HTTPService answers 500 for a handler that fails, and logs it without the query", async () => {
  using errors = new LoggedErrors();
  const failures: HTTPServiceHandler[] = [
    () => {
      throw new Error("sync");
    },
    () => Promise.reject(new Error("async")),
    // A program in JavaScript may return anything.
    () => "text" as unknown as Response,
  ];
  for (const failure of failures) {
    const server = new Server(failure, 10);
    const response = await fetch(`${server.url}path?secret=1`);
    assertEquals([response.status, await response.text()], [500, "Internal Server Error\n"]);
    await server.service.stopService();
  }
  const lines = errors.takeEvents().map(({ message }) => `${message}`);
  assertEquals(lines.length, 3);
  for (const line of lines) assertMatch(line, /^Error while handling GET \/path$/);
});

Deno.test("HTTPService serves HTTPS", async () => {
  const authority = await TestAuthority.make();
  const { cert = "", key = "" } = await authority.issue();
  const clock = new Clock();
  const service = new HTTPService(clock, () => new Response("x"), { ...LOCAL, cert, key });
  service.startService();
  using client = Deno.createHttpClient({ caCerts: [authority.cert] });
  const response = await fetch(`https://${service.getHost()}/`, { client });
  assertEquals(await response.text(), "x");
  await service.stopService();
});

Deno.test("HTTPService.startService() throws when the address is in use", async () => {
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const options = { ...LOCAL, port: taken.addr.port };
  const service = new HTTPService(new Clock(), () => new Response(), options);
  assertThrows(() => service.startService(), CannotListenError);
  assertEquals(service.running, false);
  await service.stopService();
});

Deno.test("HTTPService refuses invalid options", () => {
  const create = (options: Record<string, unknown>) => () =>
    new HTTPService(new Clock(), () => new Response(), options);
  assertThrows(create({ port: 70000 }), RangeError, "port");
  assertThrows(create({ drain: -1 }), RangeError, "drain");
  assertThrows(create({ cert: "x" }), TypeError, "key is missing");
});

Deno.test("drainHTTPServer() is complete a second after the deadline if the server never stops", () => {
  const clock = new Clock();
  const server = {
    address: new IPv4Address("TCP", "127.0.0.1", 80),
    shutdown: () => new Promise<void>(() => {}),
  };
  const stopped = drainHTTPServer({ server, pending: new PendingResponses() }, clock, 10);
  clock.advance(10.5);
  assertEquals(stopped.called, false);
  clock.advance(1);
  assertEquals(stopped.called, true);
});

Deno.test("drainHTTPServer() logs an error of the server, and is complete", async () => {
  using errors = new LoggedErrors();
  const clock = new Clock();
  const server = {
    address: new IPv4Address("TCP", "127.0.0.1", 80),
    shutdown: () => Promise.reject(new Error("boom")),
  };
  await drainHTTPServer({ server, pending: new PendingResponses() }, clock, 10);
  assertEquals(errors.take().map(({ message }) => message), ["boom"]);
  assertEquals(clock.getDelayedCalls(), []);
});

/**
 * Starts a program whose server sends more than its client reads, and ends it by a signal.
 *
 * @param last The last statement of the program.
 * @returns The program, whose reactor has stopped, and the connection.
 */
async function stopWithUnreadResponse(last: string): Promise<[Program, Deno.Conn]> {
  const program = Program.evaluate(`
    import { reactor, startApplication } from "@torsion/reactor";
    import { HTTPService } from "@torsion/reactor/endpoints";
    const handler = () => (console.log("asked"), new Response(new Uint8Array(1e8)));
    const options = { port: 0, interface: "127.0.0.1", drain: 0 };
    const web = new HTTPService(reactor, handler, options);
    startApplication(reactor, web);
    console.log("port", web.getHost().port);
    await reactor.run();
    console.log("stopped");
    ${last}`);
  const [, port] = await program.line(/^port (\d+)$/);
  const connection = await Deno.connect({ hostname: "127.0.0.1", port: Number(port) });
  await connection.write(new TextEncoder().encode("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
  await program.line("asked");
  program.send("SIGTERM");
  await program.line("stopped");
  return [program, connection];
}

Deno.test("HTTPService lets a process end although a client does not read", async () => {
  const [exiting, waiting] = await Promise.all([
    stopWithUnreadResponse("Deno.exit();"),
    stopWithUnreadResponse(""),
  ]);
  await using first = exiting[0];
  await using second = waiting[0];
  // With Deno.exit(), the connection is still open here.
  assertEquals((await first.end()).code, 0);
  exiting[1].close();
  waiting[1].close();
  assertEquals((await second.end()).code, 0);
});
