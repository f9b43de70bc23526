/**
 * A client that asks over lines, and a server that answers in order: what comes late, what fails, and a server that hangs.
 *
 *     deno run --allow-net=127.0.0.1 examples/request_reply.ts
 *
 * See: three questions are asked at once and answered in order. One answer comes too late, and the next question still gets its own. One
 * question is refused. Then the server hangs; the client asks it for signs of life, gives the connection up, and says why. After some five
 * seconds it ends with exit code 0.
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
import { IPv4Address } from "@torsion/reactor/reactor";

/** Answers `PING`, `UPPER text` and `WAIT seconds`, one after the other; an answer begins with `+`, a refusal with `-`. */
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
    this.pauseProducing(); // what is asked meanwhile is answered afterwards
    this.#wait = reactor.callLater(seconds, () => {
      this.sendLine(`+waited ${seconds} s`);
      this.resumeProducing();
    });
  }
}

class Client extends LineReceiver {
  readonly #requests = new RequestQueue<string, string>((line) => this.sendLine(line), {
    clock: reactor,
    timeout: 1,
  });
  #heartbeat: Heartbeat | null = null;

  /** Asks, for as long as the queue's timeout allows, or these seconds. */
  ask(question: string, options: { timeout?: number } = {}): Deferred<string> {
    return this.#requests.request(question, options);
  }

  override connectionMade(): void {
    // A question like the others: sent past the queue, its answer would be taken for another's.
    const send = () => this.ask("PING");
    this.#heartbeat = new Heartbeat(reactor, this.transport, { interval: 1, send });
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

/** Asks, and says what became of it. */
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
  const host = listening.getHost();
  if (!(host instanceof IPv4Address)) throw new TypeError(`Not an IPv4 address: ${host}`);
  const endpoint = new TCP4ClientEndpoint(reactor, host.host, host.port);
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
