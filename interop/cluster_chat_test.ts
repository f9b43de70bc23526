/** Runs examples/cluster_chat/ behind HAProxy, with Redis, and checks the claims of its header. */

import { assert, assertEquals } from "@std/assert";
import { Example, examples } from "../testing/fixtures/example.ts";
import type { Program } from "../testing/fixtures/program.ts";
import { freePort } from "./proxy.ts";
import { HAPROXY, type InteropFixture, interopTest, REDIS_SERVER } from "./tool.ts";

const test = interopTest(HAPROXY, REDIS_SERVER);

const CUT_OFF = "* The room is cut off. Nothing is sent until it is back.";
/** Milliseconds between the answer to a message and the next message of a client. */
const PAUSE = 20;

/** Three nodes, the HAProxy in front of them, and the Redis behind them. */
class Cluster {
  readonly front = freePort();
  readonly #fixture: InteropFixture;
  readonly #redisPort = freePort();
  readonly #folder: string;
  readonly #ports = Array.from({ length: 3 }, () => [`${freePort()}`, `${freePort()}`] as const);
  readonly #nodes: Program[] = [];
  #haproxy: Program | null = null;
  #redis: Program | null = null;

  constructor(fixture: InteropFixture) {
    this.#fixture = fixture;
    this.#folder = fixture.folder();
  }

  async start(): Promise<void> {
    await this.startRedis();
    await Promise.all(this.#ports.map((_, i) => this.#startNode(i)));
    let config = await Deno.readTextFile(new URL("cluster_chat/haproxy.cfg", examples));
    const use = (from: string, to: string): void => {
      assert(config.includes(from));
      config = config.replace(from, to);
    };
    use(":2000", `:${this.front}`);
    for (const [i, [port, health]] of this.#ports.entries()) {
      use(`:200${i + 1} `, `:${port} `);
      use(`agent-port 300${i + 1}`, `agent-port ${health}`);
    }
    const path = `${this.#folder}/haproxy.cfg`;
    await Deno.writeTextFile(path, config);
    this.#haproxy = this.#fixture.startAloud("-W", "-db", "-f", path);
    await this.#haproxy.line(/Loading success/);
    // A node that HAProxy has not asked stops without waiting for it.
    for (const node of this.#nodes) await node.line(/asks for the first time$/);
  }

  /** Starts Redis, with the messages of its last run. */
  async startRedis(): Promise<void> {
    this.#redis = this.#fixture.program(REDIS_SERVER.command, [
      ...["--port", `${this.#redisPort}`, "--bind", "127.0.0.1", "--dir", this.#folder],
      ...["--save", "", "--appendonly", "yes", "--appendfsync", "always"],
    ]);
    await this.#redis.line(/Ready to accept connections/i);
  }

  async killRedis(): Promise<void> {
    this.#redis?.send("SIGKILL");
    await this.#redis?.end();
  }

  /** Stops a node and starts it again, until HAProxy sends it clients. */
  async restart(i: number): Promise<void> {
    this.#nodes[i]?.send("SIGTERM");
    const end = await this.#nodes[i]?.end();
    assertEquals([end?.code, end?.errors], [0, ""]);
    await this.#startNode(i);
    await this.#haproxy?.line(new RegExp(`Server nodes/n${i + 1} is UP(?!/)`));
  }

  /** Kills a node, until HAProxy has found out. */
  async killNode(i: number): Promise<void> {
    this.#nodes[i]?.send("SIGKILL");
    await this.#haproxy?.line(new RegExp(`Server nodes/n${i + 1} is DOWN`));
  }

  async #startNode(i: number): Promise<void> {
    const args = [...this.#ports[i] ?? [], `tcp:127.0.0.1:${this.#redisPort}`];
    const node = new Example("cluster_chat/node.ts", args);
    this.#fixture.after(() => node[Symbol.asyncDispose]());
    this.#nodes[i] = node;
    await node.line(/The node is ready$/);
  }
}

/** A client that connects again whenever its connection closes, and counts. */
class Person {
  readonly name: string;
  /** All lines that are not messages. */
  readonly notices: string[] = [];
  readonly read: { number: number; text: string }[] = [];
  /** The messages that were acknowledged to this client. */
  readonly sent: { number: number; text: string }[] = [];
  readonly done: Promise<void>;
  connections = 0;
  readonly #port: number;
  #conn: Deno.TcpConn | null = null;
  /** The number of the newest message when the client entered first. */
  #first: number | null = null;
  #isStopped = false;
  /** Whether the client sends messages without being asked to. */
  #isBusy = false;
  #hasEntered = false;
  /** The number of messages without an answer on this connection. */
  #pending = 0;
  #count = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #waiting: { condition: () => boolean; fire: () => void }[] = [];

  constructor(fixture: InteropFixture, name: string, port: number) {
    this.name = name;
    this.#port = port;
    this.done = this.#run();
    fixture.after(() => this.stop());
  }

  /** The number of the message after which the client continues. */
  get #last(): number {
    return this.read.at(-1)?.number ?? this.#first ?? 0;
  }

  /** Waits until a condition holds after a line has arrived. */
  until(condition: () => boolean): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.push({ condition, fire: resolve });
    this.#check();
    return promise;
  }

  hasEntered(): Promise<void> {
    return this.until(() => this.#hasEntered);
  }

  /** Begins to send messages, each after the answer to the last one. */
  talk(): void {
    this.#isBusy = true;
    this.#talkSoon();
  }

  /** Stops sending messages, when all have their answer. */
  async fallSilent(): Promise<void> {
    this.#isBusy = false;
    clearTimeout(this.#timer);
    await this.until(() => this.#pending === 0 && this.#hasEntered);
  }

  stop(): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    this.#close();
    return this.done;
  }

  async #run(): Promise<void> {
    while (!this.#isStopped) {
      const conn = await Deno.connect({ hostname: "127.0.0.1", port: this.#port });
      this.#conn = conn;
      this.connections++;
      if (this.#isStopped) this.#close();
      try {
        await this.#readLines(conn);
      } catch {
        // A connection may be reset: what has no answer may be lost.
      }
      this.#close();
      this.#hasEntered = false;
      this.#pending = 0;
      clearTimeout(this.#timer);
    }
  }

  #close(): void {
    try {
      this.#conn?.close();
    } catch {
      // It is closed already.
    }
    this.#conn = null;
  }

  async #readLines(conn: Deno.TcpConn): Promise<void> {
    const decoder = new TextDecoder();
    const buffer = new Uint8Array(65536);
    let text = "";
    for (let n = await conn.read(buffer); n !== null; n = await conn.read(buffer)) {
      const lines = (text + decoder.decode(buffer.subarray(0, n), { stream: true })).split("\n");
      text = lines.pop() ?? "";
      for (const line of lines) {
        this.#received(line);
        this.#check();
      }
    }
  }

  #received(line: string): void {
    const [, number, text = ""] = /^(\d+) (.*)$/.exec(line) ?? [];
    if (number !== undefined) return void this.read.push({ number: Number(number), text });
    this.notices.push(line);
    if (line === "What's your name?") {
      this.#send(this.#first === null ? this.name : `${this.name} ${this.#last}`);
    }
    const [, newest] = /^Welcome, .* number (\d+)\.$/.exec(line) ?? [];
    if (newest !== undefined) {
      this.#first ??= Number(newest);
      this.#hasEntered = true;
      this.#talkSoon();
    }
    const [, outcome, sentAs, answered = ""] =
      /^\* (Sent as (\d+)|Not sent|Perhaps sent): (.*)$/.exec(line) ?? [];
    if (outcome === undefined) return;
    if (sentAs !== undefined) this.sent.push({ number: Number(sentAs), text: answered });
    this.#pending--;
    this.#talkSoon();
  }

  #talkSoon(): void {
    if (!this.#isBusy || !this.#hasEntered) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#pending++;
      this.#send(`message ${++this.#count}`);
    }, PAUSE);
  }

  #send(line: string): void {
    // A failure closes the connection, which the loop of reading notices.
    this.#conn?.write(new TextEncoder().encode(`${line}\n`)).catch(() => {});
  }

  #check(): void {
    const fired = this.#waiting.filter(({ condition }) => condition());
    this.#waiting = this.#waiting.filter((each) => !fired.includes(each));
    for (const { fire } of fired) fire();
  }
}

/** Starts a cluster, and lets people enter. */
async function enter(fixture: InteropFixture, names: string[]): Promise<[Cluster, Person[]]> {
  const cluster = new Cluster(fixture);
  await cluster.start();
  const people = names.map((name) => new Person(fixture, name, cluster.front));
  await Promise.all(people.map((person) => person.hasEntered()));
  return [cluster, people];
}

/** Checks that everyone has read all acknowledged messages, in order and without a gap. */
async function checkAll(people: Person[]): Promise<void> {
  const sent = people.flatMap(({ name, sent }) =>
    sent.map(({ number, text }) => ({ number, text: `<${name}> ${text}` }))
  );
  const newest = Math.max(...sent.map(({ number }) => number));
  for (const person of people) {
    await person.until(() => (person.read.at(-1)?.number ?? 0) >= newest);
    const numbers = person.read.map(({ number }) => number);
    assertEquals(numbers, numbers.map((_, i) => (numbers[0] ?? 0) + i));
    const texts = new Map(person.read.map(({ number, text }) => [number, text]));
    assert(!person.notices.includes("* Some messages are missing."));
    assertEquals(sent.filter(({ number, text }) => texts.get(number) !== text), []);
  }
}

test("cluster_chat loses no acknowledged message in a rolling restart and a crash", async (fixture) => {
  const [cluster, people] = await enter(fixture, ["Ann", "Bob", "Cem", "Dora"]);
  for (const person of people) person.talk();
  for (const i of [0, 1, 2]) await cluster.restart(i);
  await cluster.killNode(1);
  await Promise.all(people.map((person) => person.fallSilent()));
  await checkAll(people);
  // Each node had a client at first, and all three have been replaced.
  assert(people.every(({ connections }) => connections > 1));
  assert(people.every(({ sent }) => sent.length > 0));
});

test("cluster_chat refuses messages while Redis is away, and loses none", async (fixture) => {
  const [cluster, people] = await enter(fixture, ["Ann", "Bob", "Cem"]);
  const all = (condition: (person: Person) => boolean): Promise<unknown> =>
    Promise.all(people.map((person) => person.until(() => condition(person))));
  for (const person of people) person.talk();
  await all(({ sent }) => sent.length > 0);

  const connections = people.map((person) => person.connections);
  await cluster.killRedis();
  await all(({ notices }) => notices.includes(CUT_OFF));
  await all(({ notices }) => notices.some((notice) => notice.startsWith("* Not sent: ")));

  await cluster.startRedis();
  await all(({ notices }) => notices.includes("* The room is back."));
  const before = new Map(people.map((person) => [person, person.sent.length]));
  await all((person) => person.sent.length > (before.get(person) ?? Infinity));
  await Promise.all(people.map((person) => person.fallSilent()));
  await checkAll(people);
  assertEquals(people.map((person) => person.connections), connections);
});
