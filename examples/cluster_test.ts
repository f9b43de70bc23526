// Runs examples/cluster.ts as three processes, and checks the claims of its header.

import { assert, assertEquals } from "@std/assert";
import { Example, messages } from "../testing/fixtures/example.ts";

/** A member in a process of its own. */
class Member extends Example {
  readonly number: string;

  constructor(number: string, folder: string, ports: readonly string[]) {
    super("cluster.ts", [number, folder, ...ports]);
    this.number = number;
  }

  /** Waits until the member has another leader in a later term. Returns its number and the term. */
  async leader(after = 0, old = ""): Promise<[leader: string, term: number]> {
    for (;;) {
      const said = await this.line(/I am (?:leader|follower of member (\d)) in term (\d+)$/);
      const [, leader = this.number, term] = said;
      if (Number(term) > after && leader !== old) return [leader, Number(term)];
    }
  }

  async stop(): Promise<void> {
    this.send("SIGINT");
    const { code, lines, errors } = await this.end();
    assertEquals([code, errors, messages(lines).at(-1)], [0, "", "Main loop terminated."]);
  }
}

/** Returns ports that were free a moment ago. */
function freePorts(count: number): string[] {
  const listeners = Array.from({ length: count }, () => Deno.listen({ port: 0 }));
  for (const listener of listeners) listener.close();
  return listeners.map(({ addr }) => String(addr.port));
}

Deno.test("cluster.ts elects a leader, another when it stops, and lets it return", async () => {
  const folder = await Deno.makeTempDir();
  const ports = freePorts(3);
  await using stack = new AsyncDisposableStack();
  stack.defer(() => Deno.remove(folder, { recursive: true }));
  const start = (number: string) => stack.use(new Member(number, folder, ports));
  const members = ["1", "2", "3"].map(start);

  const leaders = await Promise.all(members.map((member) => member.leader()));
  const [old = "", term = 0] = leaders.toSorted(([, a], [, b]) => b - a)[0] ?? [];
  await members.find(({ number }) => number === old)?.stop();

  const others = members.filter(({ number }) => number !== old);
  const [next] = await Promise.all(others.map((member) => member.leader(term, old)));
  assert(next !== undefined);

  const back = start(old);
  await back.leader(term);
  const ballot = JSON.parse(await Deno.readTextFile(`${folder}/member${old}.ballot.json`));
  assert(ballot.term >= next[1]);
  for (const member of [...others, back]) await member.stop();
});
