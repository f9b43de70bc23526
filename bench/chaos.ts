/**
 * Whether a connection ever loses or changes a byte, whatever is between its two sides.
 *
 * Two sides on this library exchange frames with checksums over TCP, TLS, UNIX sockets and
 * `node:net`, through a proxy that splits, delays and stalls what it passes on, and in half of the
 * conversations closes one direction, resets both, or freezes; or one side aborts. What must hold:
 *
 * - No frame is changed, comes twice or out of order. Where nothing broke, all arrive, and both
 *   sides see an end in order.
 * - Over TLS, a stream that was cut off is never taken for one that ended in order.
 * - `connectionLost` comes once for each `connectionMade`, and last.
 * - At the end, as many files are open as before, and no timed call is left. Nothing is logged as
 *   an error.
 *
 * The plan of each conversation comes from the seed, which is printed: the same seed makes the same
 * plans. How the system's own timing falls is not repeated. usage: deno run -A bench/chaos.ts
 * [SECONDS] [SEED]
 *
 * @module
 */

import { addObserver, eventText } from "../log/mod.ts";
import { connectProtocol, DenoReactor, type IStreamClientEndpoint } from "../mod.ts";
import { type Kind, kinds, type Ports } from "./chaos/kinds.ts";
import { type Plan, planOf } from "./chaos/plan.ts";
import { Proxy } from "./chaos/proxy.ts";
import { endedInOrder, HalfCloseableTalker, Talker, type TalkerHost } from "./chaos/talker.ts";

const AT_A_TIME = 12;
// Far beyond what any conversation takes, also on a busy machine.
const DEADLINE_MS = 30_000;
const MOST_SHOWN = 20;

const seconds = Number(Deno.args[0] ?? 20);
const seed = Number(Deno.args[1] ?? crypto.getRandomValues(new Uint32Array(1))[0]);
if (!(seconds > 0) || !Number.isInteger(seed)) {
  console.error("usage: deno run -A bench/chaos.ts [SECONDS] [SEED]");
  Deno.exit(2);
}

/** A conversation under way: its plan, and what is known of its two sides. */
class Conversation {
  readonly plan: Plan;
  readonly kind: Kind;
  client: Talker | null = null;
  server: Talker | null = null;
  failure: Error | null = null;
  readonly #serverLost = Promise.withResolvers<void>();
  readonly #clientLost = Promise.withResolvers<void>();

  constructor(plan: Plan, kind: Kind) {
    this.plan = plan;
    this.kind = kind;
  }

  lost(talker: Talker): void {
    (talker === this.server ? this.#serverLost : this.#clientLost).resolve();
  }

  async run(ports: Ports): Promise<void> {
    const proxy = new Proxy(this.kind.places(ports), this.plan);
    const passing = proxy.run();
    const endpoint = this.kind.client(proxy.addr, ports.options);
    await within(this.#talk(endpoint, passing)).finally(() => proxy.close());
  }

  async #talk(endpoint: IStreamClientEndpoint, passing: Promise<void>): Promise<void> {
    this.client = newTalker("client", this.plan);
    try {
      await connectProtocol(endpoint, this.client);
      await this.#clientLost.promise;
    } catch (error) {
      this.failure = error instanceof Error ? error : new Error(String(error));
    }
    await passing;
    if (this.server !== null) await this.#serverLost.promise;
    this.#check(this.client, "client");
    if (this.server !== null) this.#check(this.server, "server");
  }

  #check(talker: Talker, side: "client" | "server"): void {
    const { fault } = this.plan;
    const peer = this.plan[side === "client" ? "server" : "client"];
    if (talker.losses !== talker.made) wrong(this, side, `${talker.losses} losses`);
    if (talker.hasEnd && talker.received !== peer.frames.length + 1) {
      wrong(this, side, `${talker.received} frames came instead of ${peer.frames.length + 1}`);
    }
    if (fault === "none" && !(talker.hasEnd && endedInOrder(talker))) {
      const reason = talker.reason ?? this.failure;
      wrong(
        this,
        side,
        `nothing broke, and it ended with ${talker.hasEnd ? "" : "frames missing and "}${reason}`,
      );
    }
    if (this.kind.isSecure && !talker.hasEnd && !talker.hasClosed && endedInOrder(talker)) {
      wrong(this, side, "TLS was cut off, and that was taken for an end in order");
    }
  }

  toString(): string {
    const { number, fault, halfCloses } = this.plan;
    return `conversation ${number} over ${this.kind.name} (${fault}${
      halfCloses ? ", half-closing" : ""
    })`;
  }
}

async function within(work: Promise<void>): Promise<void> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => late.reject(new Error(`it did not end in ${DEADLINE_MS / 1000} s`)),
    DEADLINE_MS,
  );
  await Promise.race([work, late.promise]).finally(() => clearTimeout(timer));
}

let problems = 0;
const conversations = new Map<number, Conversation>();
const endings = new Map<string, number>();
/** Servers' sides that are open, those of which nothing is known yet included. */
const open = new Set<Talker>();

function wrong(where: Conversation | null, side: string, problem: string): void {
  if (++problems <= MOST_SHOWN) {
    console.error(`WRONG: ${where ?? "a stranger"}, ${side}: ${problem}`);
  }
}

const reactor = new DenoReactor();
const host: TalkerHost = {
  reactor,
  plan: (number) => planOf(seed, number),
  wrong: (talker, problem) => wrong(of(talker), talker.side, problem),
  known: (talker) => {
    const conversation = of(talker);
    if (conversation !== null) conversation.server = talker;
  },
  lost: (talker) => {
    open.delete(talker);
    const ending = talker.reason?.name ?? "?";
    endings.set(ending, (endings.get(ending) ?? 0) + 1);
    of(talker)?.lost(talker);
  },
};

function of({ plan }: Talker): Conversation | null {
  return plan === null ? null : conversations.get(plan.number) ?? null;
}

function newTalker(
  side: "client" | "server",
  plan: Plan | null,
  halfCloses = plan?.halfCloses,
): Talker {
  const talker = new (halfCloses ? HalfCloseableTalker : Talker)(side, host, plan);
  if (side === "server") open.add(talker);
  return talker;
}

async function openFiles(): Promise<number> {
  return (await Array.fromAsync(Deno.readDir("/proc/self/fd"))).length;
}

async function converse(number: number): Promise<void> {
  const plan = planOf(seed, number);
  const kind = all[number % all.length];
  if (kind === undefined) throw new Error("Cannot converse: there is no kind of stream");
  const conversation = new Conversation(plan, kind);
  conversations.set(number, conversation);
  try {
    await conversation.run(kind.ports(plan.halfCloses, plan.fault === "freeze"));
  } catch (error) {
    wrong(conversation, "both", String(error));
  } finally {
    conversations.delete(number);
  }
}

addObserver((event) => {
  if (event.isError) wrong(null, "the log", eventText(event));
});
console.log(`seed ${seed}, ${seconds} s`);
const running = reactor.run();
const folder = await Deno.makeTempDir();
const all = await kinds(reactor, folder, (halfCloses) => newTalker("server", null, halfCloses));
// What is loaded with the first connection of each kind stays open.
for (const number of all.keys()) await converse(number);
const before = await openFiles();

const until = performance.now() + seconds * 1000;
let next = all.length;
await Promise.all(Array.from({ length: AT_A_TIME }, async () => {
  while (performance.now() < until && problems === 0) await converse(next++);
}));

// The last reset may still be on its way.
for (let i = 0; i < 100 && (open.size > 0 || await openFiles() > before); i++) {
  await new Promise((resolve) => setTimeout(resolve, 20));
}
const files = await openFiles();
if (open.size > 0) wrong(null, "server", `${open.size} connections were never lost`);
if (files !== before) wrong(null, "files", `${files} are open, ${before} were`);
const calls = reactor.getDelayedCalls();
if (calls.length > 0) wrong(null, "timed calls", calls.map(String).join(", "));
for (const kind of all) await kind.close();
reactor.stop();
await running;
await Deno.remove(folder, { recursive: true });
const ends = [...endings].map(([name, count]) => `${name} ${count}`).toSorted().join(", ");
console.log(`${next} conversations, ${problems} problems; ends: ${ends}`);
if (problems > 0) {
  console.log(`To make the same plans again: deno task chaos ${seconds} ${seed}`);
  Deno.exit(1);
}
