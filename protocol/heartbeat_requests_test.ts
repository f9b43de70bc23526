/**
 * A Heartbeat together with a RequestQueue or a KeyedRequestQueue, as the documentation combines
 * them.
 */

import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import type { Deferred } from "../defer/mod.ts";
import type { IProtocol, IReactorTime } from "../reactor/interfaces/mod.ts";
import { Clock } from "../task/mod.ts";
import {
  type ConnectedPair,
  connectedServerAndClient,
  LoggedErrors,
  TestPeer,
} from "../testing/mod.ts";
import { Heartbeat, HeartbeatTimeout } from "./heartbeat.ts";
import { KeyedRequestQueue } from "./keyed_request_queue.ts";
import { LineReceiver } from "./framing/line_receiver.ts";

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

/** A client, and a server that the test moves. */
type Pair = ConnectedPair<TestPeer, Client>;

/** A server that answers each question with its text in lower case. */
class Server {
  readonly #pair: Pair;
  readonly #isKeyed: boolean;
  #read = 0;

  constructor(pair: Pair, isKeyed: boolean) {
    this.#pair = pair;
    this.#isKeyed = isKeyed;
  }

  /** Returns the questions that have arrived since the last call. */
  questions(): string[] {
    this.#pair.pump.flush();
    const lines = this.#pair.server.text.split("\r\n").slice(this.#read, -1);
    this.#read += lines.length;
    return lines;
  }

  answer(questions: string[]): void {
    const answers = questions.map((line) => {
      const [id, question] = this.#isKeyed ? line.split(" ") : ["", line];
      const answer = question === "BAD" ? "-bad" : question?.toLowerCase();
      return this.#isKeyed ? `${id} ${answer}` : answer;
    });
    this.#pair.server.send(answers.map((each) => `${each}\r\n`).join(""));
    this.#pair.pump.flush();
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
    f: (pair: Pair, server: Server) => void,
  ): void =>
    Deno.test(`Heartbeat with a ${kind}: ${claim}`, async () => {
      using _errors = new LoggedErrors();
      const clock = new Clock();
      const Client = await load();
      using pair = connectedServerAndClient(TestPeer, new Client(clock), { clock });
      f(pair, new Server(pair, kind === "KeyedRequestQueue"));
    });

  test("a PING's reply is not matched to another request", (pair, server) => {
    pair.pump.advance(30);
    const outcome = ["ONE", "TWO", "BAD", "THREE"].map((each) => outcomeOf(pair.client.ask(each)));
    server.answer(server.questions());
    assertEquals(outcome, [["one"], ["two"], ["Error: bad"], ["three"]]);
    pair.pump.advance(30);
    server.answer(server.questions());
    const more = outcomeOf(pair.client.ask("FOUR"));
    server.answer(server.questions());
    assertEquals(more, ["four"]);
    assert(pair.clientTransport.connected);
    pair.clientTransport.loseConnection();
  });

  test(
    "a late reply keeps the connection, and is not matched to another request",
    (pair, server) => {
      pair.pump.advance(30);
      const pings = server.questions();
      pair.pump.advance(29);
      server.answer(pings);
      const outcome = outcomeOf(pair.client.ask("ONE"));
      server.answer(server.questions());
      assertEquals(outcome, ["one"]);
      pair.pump.advance(29);
      assertEquals(server.questions(), []);
      pair.clientTransport.loseConnection();
    },
  );

  test(
    "a silent peer fails every request",
    (pair, server) => {
      const outcome = outcomeOf(pair.client.ask("ONE"));
      for (let i = 0; i < 3; i++) pair.pump.advance(30);
      assertInstanceOf(pair.clientReason, HeartbeatTimeout);
      assertEquals(server.questions().length, 3);
      assertEquals(outcome, ["RequestTimeout: The peer did not answer the request within 5 s"]);
      assertEquals(pair.clock.getDelayedCalls(), []);
    },
  );

  test("a full queue logs no error, and a silent peer still fails every request", (pair) => {
    for (let i = 0; i < 3; i++) {
      pair.pump.advance(29);
      // The requests in flight and those that wait use up the queue's default limits.
      for (let left = 11_000; left > 0; left--) outcomeOf(pair.client.ask("ONE"));
      pair.pump.advance(1);
    }
    assertInstanceOf(pair.clientReason, HeartbeatTimeout);
  });
}
