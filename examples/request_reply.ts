/**
 * A client that sends questions as lines, and a server that answers them in order: with a late
 * answer, a refused question, and a server that hangs.
 *
 *     deno run --allow-net=127.0.0.1 examples/request_reply.ts
 *
 * Output: the client asks three questions at once and gets the answers in order. One answer comes
 * too late; the next question still gets its own answer. The server refuses one question. Then the
 * server hangs: the client's heartbeat gets no answer, so the client closes the connection and
 * prints the reason. After about five seconds the program ends with exit code 0. An argument sets
 * the length of a second: `0.1` runs the example ten times faster.
 */

import {
  connectProtocol,
  type Deferred,
  Factory,
  Heartbeat,
  type IDelayedCall,
  LineReceiver,
  reactor,
  RequestQueue,
  TCP4ClientEndpoint,
  TCP4ServerEndpoint,
} from "@torsion/reactor";

const second = Number(Deno.args[0] ?? 1);

/**
 * Answers `PING`, `UPPER text` and `WAIT seconds`, one after the other. An answer begins with `+`,
 * a refusal with `-`.
 */
class Server extends LineReceiver {
  #wait: IDelayedCall | null = null;

  override textReceived(line: string): void {
    const [, verb, argument = ""] = /^(\S*) ?(.*)$/.exec(line) ?? [];
    if (verb === "PING") this.sendLine("+PONG");
    else if (verb === "UPPER") this.sendLine(`+${argument.toUpperCase()}`);
    else if (verb === "WAIT") this.#answerIn(Number(argument));
    else this.sendLine(`-what is ${verb}?`);
  }

  override connectionLost(): void {
    if (this.#wait?.active()) this.#wait.cancel();
  }

  #answerIn(seconds: number): void {
    this.pauseProducing(); // questions that arrive meanwhile wait
    this.#wait = reactor.callLater(seconds * second, () => {
      this.sendLine(`+waited ${seconds} s`);
      this.resumeProducing();
    });
  }
}

class Client extends LineReceiver {
  readonly #requests = new RequestQueue<string, string>((line) => this.sendLine(line), {
    clock: reactor,
    timeout: second,
  });
  #heartbeat: Heartbeat | null = null;

  /** Sends a question. The answer may take as long as the queue's timeout, or `options.timeout`. */
  ask(question: string, options: { timeout?: number } = {}): Deferred<string> {
    return this.#requests.request(question, options);
  }

  override connectionMade(): void {
    // PING goes through the queue: its answer must not be matched with another question.
    const send = () => this.ask("PING");
    this.#heartbeat = new Heartbeat(reactor, this.transport, { interval: second, send });
    this.#heartbeat.start();
  }

  override dataReceived(data: Uint8Array): void {
    this.#heartbeat?.alive();
    super.dataReceived(data);
  }

  override textReceived(line: string): void {
    if (line.startsWith("-")) this.#requests.fail(new Error(line.slice(1)));
    else this.#requests.answer(line.slice(1));
  }

  override connectionLost(reason: Error): void {
    this.#heartbeat?.stop();
    this.#requests.connectionLost(reason);
  }
}

/** Asks a question, and prints the answer or the error. */
async function say(client: Client, question: string, options = {}): Promise<void> {
  try {
    console.log(`${question}: ${await client.ask(question, options)}`);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    console.log(`${question}: ${error.name}: ${error.message}`);
  }
}

async function main(): Promise<void> {
  const server = new TCP4ServerEndpoint(reactor, 0, { interface: "127.0.0.1" });
  const listening = await server.listen(Factory.forProtocol(Server));
  const { host, port } = listening.getHost();
  const endpoint = new TCP4ClientEndpoint(reactor, host, port);
  const client = await connectProtocol(endpoint, new Client());
  await Promise.all(["UPPER a", "UPPER b", "UPPER c"].map((each) => say(client, each)));
  await say(client, "WAIT 1.5");
  await say(client, "UPPER mine");
  await say(client, "MUMBLE");
  await say(client, "WAIT 3600", { timeout: Infinity });
}

if (import.meta.main) {
  reactor.callWhenRunning(() => main().finally(() => reactor.stop()));
  await reactor.run();
}
