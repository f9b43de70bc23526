/**
 * The load of `tables/chat.ts`: people who each send a message when the last one was acknowledged,
 * and who all read all messages.
 *
 * @module
 */

/** People, and those of them who talk. */
export interface ChatLoad {
  readonly people: number;
  readonly talkers: number;
}

/** What a load has measured. */
export interface ChatFigures {
  /** The seconds until everyone has read all messages. */
  readonly seconds: number;
  /** The median time until the next person has read a message, in seconds. */
  readonly latency: number;
}

const encoder = new TextEncoder();

/** A person. */
class Person implements Disposable {
  readonly #conn: Deno.TcpConn;
  readonly #received: (line: string) => void;

  private constructor(conn: Deno.TcpConn, received: (line: string) => void) {
    this.#conn = conn;
    this.#received = received;
  }

  static async connect(port: number, received: (line: string) => void): Promise<Person> {
    const conn = await Deno.connect({ hostname: "127.0.0.1", port });
    conn.setNoDelay(true);
    return new Person(conn, received);
  }

  /** Reads lines until `dispose`. */
  async read(): Promise<void> {
    const decoder = new TextDecoder();
    const buffer = new Uint8Array(65_536);
    let rest = "";
    for (let n = await this.#conn.read(buffer); n !== null; n = await this.#conn.read(buffer)) {
      const lines = (rest + decoder.decode(buffer.subarray(0, n), { stream: true })).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) this.#received(line);
    }
    throw new Error("The node has closed the connection");
  }

  say(line: string): void {
    this.#conn.write(encoder.encode(`${line}\n`));
  }

  [Symbol.dispose](): void {
    this.#conn.close();
  }
}

/**
 * Exchanges messages.
 *
 * @param ports The ports of the nodes, among which the people are distributed.
 * @param messages The number of messages of all talkers together.
 */
export async function runChat(
  ports: readonly number[],
  { people: size, talkers }: ChatLoad,
  messages: number,
): Promise<ChatFigures> {
  const all = Array.from({ length: size }, (_, i) => i);
  const entered = all.map(() => Promise.withResolvers<void>());
  const read = all.map(() => Promise.withResolvers<void>());
  const counts = all.map(() => 0);
  /** The times at which the messages were sent. The text of a message is its place here. */
  const sentAt: number[] = [];
  const latencies: number[] = [];
  const people: Person[] = [];
  const say = (i: number) => {
    if (i >= talkers || sentAt.length === messages) return;
    sentAt.push(performance.now());
    people[i]?.say(`${sentAt.length - 1}`);
  };
  const received = (i: number) => (line: string) => {
    if (line.startsWith("* Sent as ")) return say(i);
    if (line.startsWith("Welcome")) return entered[i]?.resolve();
    const [, sender, message] = /^\d+ <Person(\d+)> (\d+)$/.exec(line) ?? [];
    if (message === undefined) return;
    if ((Number(sender) + 1) % size === i) {
      latencies.push(performance.now() - (sentAt[Number(message)] ?? NaN));
    }
    const count = (counts[i] ?? 0) + 1;
    counts[i] = count;
    if (count === messages) read[i]?.resolve();
  };
  using stack = new DisposableStack();
  for (const i of all) {
    const port = ports[i % ports.length] ?? 0;
    people.push(stack.use(await Person.connect(port, received(i))));
  }
  const failure = Promise.race(people.map((person) => person.read()));
  for (const [i, person] of people.entries()) person.say(`Person${i}`);
  await Promise.race([failure, Promise.all(entered.map(({ promise }) => promise))]);
  const start = performance.now();
  for (const i of all) say(i);
  await Promise.race([failure, Promise.all(read.map(({ promise }) => promise))]);
  const seconds = (performance.now() - start) / 1000;
  failure.catch(() => {}); // the connections are closed below
  return {
    seconds,
    latency: (latencies.sort((a, b) => a - b)[latencies.length >> 1] ?? NaN) / 1000,
  };
}
