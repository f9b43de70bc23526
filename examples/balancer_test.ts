// Runs examples/balancer.ts between clients and two servers, and checks the claims of its header.

import { assert, assertEquals, assertMatch } from "@std/assert";
import { Example, messages, portOf } from "../testing/fixtures/example.ts";
import { RawPeer } from "../testing/peers/raw_peer.ts";

/** A server that answers with its name and what it has received, after a line with `end`. */
class Backend {
  readonly #listener: Deno.TcpListener;
  readonly #serving: Promise<void>;
  readonly #name: string;
  readonly #incomplete = Promise.withResolvers<void>();

  constructor(name: string) {
    this.#name = name;
    this.#listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    this.#serving = this.#serve();
  }

  get address(): string {
    return `127.0.0.1:${this.#listener.addr.port}`;
  }

  /** Resolves when a client has sent a line in part. */
  get incomplete(): Promise<void> {
    return this.#incomplete.promise;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#listener.close();
    } catch {
      // The test has closed it.
    }
    await this.#serving;
  }

  close(): void {
    this.#listener.close();
  }

  async #serve(): Promise<void> {
    const answers: Promise<void>[] = [];
    try {
      for await (const conn of this.#listener) answers.push(this.#answer(conn));
    } catch (error) {
      assert(error instanceof Deno.errors.BadResource || error instanceof Deno.errors.Interrupted);
    }
    await Promise.all(answers);
  }

  async #answer(conn: Deno.Conn): Promise<void> {
    using _conn = conn;
    const decoder = new TextDecoder();
    const buffer = new Uint8Array(1024);
    let received = "";
    while (!received.endsWith("end\n")) {
      const length = await conn.read(buffer).catch(() => null);
      // A check closes the connection at once.
      if (length === null) return;
      received += decoder.decode(buffer.subarray(0, length));
      if (!received.endsWith("\n")) this.#incomplete.resolve();
    }
    await conn.write(new TextEncoder().encode(`${this.#name}: ${received}`));
  }
}

/** Sends a line through the balancer, and returns the answer. */
async function ask(port: number): Promise<string> {
  const peer = await RawPeer.connect(port);
  await peer.send("end\n");
  const answer = new TextDecoder().decode(await peer.readAll());
  peer.close();
  return answer;
}

Deno.test("balancer.ts alternates between healthy servers, and drains on SIGTERM", async () => {
  await using one = new Backend("one");
  await using two = new Backend("two");
  const args = ["0", one.address, two.address, "--check=0.1", "--drain=3600"];
  await using balancer = new Example("balancer.ts", args);
  const port = await portOf(balancer);
  const answers = [await ask(port), await ask(port), await ask(port)];
  assertEquals(answers, ["one: end\n", "two: end\n", "one: end\n"]);

  one.close();
  const down = new RegExp(` ${one.address.replaceAll(".", "\\.")} is down$`);
  await balancer.line(down);
  assertEquals([await ask(port), await ask(port)], ["two: end\n", "two: end\n"]);

  const client = await RawPeer.connect(port);
  await client.send("still open, ");
  // Before that, the connection may wait in the backlog of the port, which the system resets.
  await two.incomplete;
  balancer.send("SIGTERM");
  await balancer.line(/ \(ProxyFactory on 0\.0\.0\.0:\d+ closed\)$/);
  await client.send("end\n");
  assertEquals(new TextDecoder().decode(await client.readAll()), "two: still open, end\n");
  client.close();
  const { code, lines, errors } = await balancer.end();
  assertEquals([code, errors], [0, ""]);
  assertEquals(messages(lines).slice(-2), ["Drained, 0 aborted", "Main loop terminated."]);
});

Deno.test("balancer.ts sends a PROXY header on request, and tries another server", async () => {
  await using one = new Backend("one");
  await using two = new Backend("two");
  one.close();
  const args = ["0", one.address, two.address, "--proxy=1", "--check=3600"];
  await using balancer = new Example("balancer.ts", args);
  const port = await portOf(balancer);
  for (let client = 0; client < 3; client++) {
    assertMatch(await ask(port), /^two: PROXY TCP4 127\.0\.0\.1 127\.0\.0\.1 \d+ \d+\r\nend\n$/);
  }
  balancer.send("SIGINT");
  const { code, errors } = await balancer.end();
  assertEquals([code, errors], [0, ""]);
});

Deno.test("balancer.ts disconnects clients if no server is healthy, and logs why", async () => {
  const closed = new Backend("closed");
  const { address } = closed;
  await closed[Symbol.asyncDispose]();
  await using balancer = new Example("balancer.ts", ["0", address, "--check=3600"]);
  const port = await portOf(balancer);
  await balancer.line(/ is down$/);
  assertEquals(await ask(port).catch(() => ""), "");
  await balancer.line(
    / Cannot forward the connection from 127\.0\.0\.1:\d+: No destination is available: /,
  );
});
