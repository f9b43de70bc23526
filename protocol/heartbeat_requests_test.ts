/**
 * A Heartbeat together with a RequestQueue or a KeyedRequestQueue, as the documentation combines
 * them.
 */

import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import type { Deferred } from "../defer/mod.ts";
import { LoggedErrors } from "../testing/logged_errors.ts";
import { connectProtocol, type ProtocolFixture } from "../testing/fixtures/protocol_fixture.ts";
import { TestHost } from "../testing/fixtures/connection_fixture.ts";
import type { IProtocol, IReactorTime } from "../reactor/interfaces/mod.ts";
import { Heartbeat, HeartbeatTimeout } from "./heartbeat.ts";
import { KeyedRequestQueue } from "./keyed_request_queue.ts";
import { LineReceiver } from "./line_receiver.ts";

interface Client extends IProtocol {
  ask(question: string): Deferred<string>;
}

type ClientClass = new (clock: IReactorTime) => Client;

/** Loads the class of the example in the documentation of Heartbeat. */
async function documentedClient(): Promise<ClientClass> {
  const source = await Deno.readTextFile(new URL("heartbeat.ts", import.meta.url));
  const [, example = ""] = /@example [^]*?```ts\n([^]*?) \* ```/.exec(source) ?? [];
  const module = `${example.replaceAll(/^ \* ?/gm, "")}\nexport { Client };`
    .replace("@torsion/reactor", import.meta.resolve("../mod.ts"));
  const { Client } = await import(`data:application/typescript,${encodeURIComponent(module)}`);
  return Client;
}

/** The same client for answers in any order, each with the id of its request. */
class KeyedClient extends LineReceiver implements Client {
  readonly #clock: IReactorTime;
  readonly #requests: KeyedRequestQueue<string, string>;
  #heartbeat: Heartbeat | null = null;

  constructor(clock: IReactorTime) {
    super();
    this.#clock = clock;
    const send = (id: number, question: string) => this.sendLine(`${id} ${question}`);
    this.#requests = new KeyedRequestQueue(send, { clock, timeout: 5 });
  }

  ask(question: string): Deferred<string> {
    return this.#requests.request(question);
  }

  override connectionMade(): void {
    const send = () => this.ask("PING");
    this.#heartbeat = new Heartbeat(this.#clock, this.transport, { interval: 30, send });
    this.#heartbeat.start();
  }

  override dataReceived(data: Uint8Array): void {
    this.#heartbeat?.alive();
    super.dataReceived(data);
  }

  override textReceived(line: string): void {
    const [id = "", answer = ""] = line.split(" ");
    if (answer.startsWith("-")) this.#requests.fail(Number(id), new Error(answer.slice(1)));
    else this.#requests.answer(Number(id), answer);
  }

  override connectionLost(reason: Error): void {
    this.#heartbeat?.stop();
    this.#requests.connectionLost(reason);
  }
}

/** A server that answers each question with its text in lower case. */
class Server {
  readonly #fixture: ProtocolFixture<Client>;
  readonly #isKeyed: boolean;
  #read = 0;

  constructor(fixture: ProtocolFixture<Client>, isKeyed: boolean) {
    this.#fixture = fixture;
    this.#isKeyed = isKeyed;
  }

  /** Returns the questions that have arrived since the last call. */
  questions(): string[] {
    this.#fixture.host.settle();
    const lines = this.#fixture.peer.text.split("\r\n").slice(this.#read, -1);
    this.#read += lines.length;
    return lines;
  }

  answer(questions: string[]): void {
    const answers = questions.map((line) => {
      const [id, question] = this.#isKeyed ? line.split(" ") : ["", line];
      const answer = question === "BAD" ? "-bad" : question?.toLowerCase();
      return this.#isKeyed ? `${id} ${answer}` : answer;
    });
    this.#fixture.peer.send(answers.map((each) => `${each}\r\n`).join(""));
    this.#fixture.host.settle();
  }
}

/** Collects the answer or the failure of a request. */
function outcomeOf(deferred: Deferred<string>): string[] {
  const seen: string[] = [];
  deferred.addBoth((outcome) => void seen.push(String(outcome)));
  return seen;
}

const kinds: [string, () => Promise<ClientClass>][] = [
  ["RequestQueue", documentedClient],
  ["KeyedRequestQueue", () => Promise.resolve(KeyedClient)],
];

for (const [kind, load] of kinds) {
  const test = (
    claim: string,
    f: (fixture: ProtocolFixture<Client>, server: Server) => void,
  ): void =>
    Deno.test(`Heartbeat with a ${kind}: ${claim}`, async () => {
      using _errors = new LoggedErrors();
      const host = new TestHost();
      const Client = await load();
      using fixture = connectProtocol(new Client(host.reactor), { host });
      f(fixture, new Server(fixture, kind === "KeyedRequestQueue"));
    });

  test("a PING's reply is not matched to another request", (fixture, server) => {
    fixture.host.advance(30);
    const outcome = ["ONE", "TWO", "BAD", "THREE"].map((each) =>
      outcomeOf(fixture.protocol.ask(each))
    );
    server.answer(server.questions());
    assertEquals(outcome, [["one"], ["two"], ["Error: bad"], ["three"]]);
    fixture.host.advance(30);
    server.answer(server.questions());
    const more = outcomeOf(fixture.protocol.ask("FOUR"));
    server.answer(server.questions());
    assertEquals(more, ["four"]);
    assert(fixture.connection.connected);
    fixture.connection.loseConnection();
  });

  test(
    "a late reply keeps the connection, and is not matched to another request",
    (fixture, server) => {
      fixture.host.advance(30);
      const pings = server.questions();
      fixture.host.advance(29);
      server.answer(pings);
      const outcome = outcomeOf(fixture.protocol.ask("ONE"));
      server.answer(server.questions());
      assertEquals(outcome, ["one"]);
      fixture.host.advance(29);
      assertEquals(server.questions(), []);
      fixture.connection.loseConnection();
    },
  );

  test(
    "a silent peer fails every request",
    (fixture, server) => {
      const outcome = outcomeOf(fixture.protocol.ask("ONE"));
      for (let i = 0; i < 3; i++) fixture.host.advance(30);
      fixture.host.advance(0);
      assertInstanceOf(fixture.reason, HeartbeatTimeout);
      assertEquals(server.questions().length, 3);
      assertEquals(outcome, ["TimeoutError: The peer did not answer the request within 5 s"]);
      assertEquals(fixture.host.reactor.getDelayedCalls(), []);
    },
  );

  test("a full queue logs no error, and a silent peer still fails every request", (fixture) => {
    for (let i = 0; i < 3; i++) {
      fixture.host.advance(29);
      // The requests in flight and those that wait use up the queue's default limits.
      for (let left = 11_000; left > 0; left--) outcomeOf(fixture.protocol.ask("ONE"));
      fixture.host.advance(1);
    }
    fixture.host.advance(0);
    assertInstanceOf(fixture.reason, HeartbeatTimeout);
  });
}
