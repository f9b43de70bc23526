/**
 * Checks that no connection ever loses or changes a byte, whatever the network does.
 *
 * Two sides on this library exchange frames with checksums over TCP, TLS, UNIX sockets and
 * `node:net`, through a proxy that splits, delays and stalls the data. In half of the conversations
 * the proxy closes one direction, resets both, or freezes, or one side aborts. Invariants:
 *
 * - No frame is changed, repeated or out of order. Without a fault, all frames arrive, and both
 *   sides see a clean close.
 * - Over TLS, a stream that was cut is never reported as a clean close.
 * - `connectionLost` is called once for each `connectionMade`, as the last call.
 * - At the end, as many files are open as before, no timed call is left, and no error was logged.
 *
 * The plan of each conversation comes from the printed seed: the same seed gives the same plans.
 * The timing of the system is not repeated.
 *
 * Usage: `deno run -A bench/chaos.ts [SECONDS] [SEED] [REACTOR]`, where `REACTOR` is
 * `deno` (the default) or `epoll`.
 *
 * @module
 */

import { addObserver, eventText } from "../log/mod.ts";
import { connectProtocol, type IStreamClientEndpoint } from "../mod.ts";
import { HOST_REACTORS, reactorOf } from "./host_reactors.ts";
import { openTransports, type Ports, type TransportUnderTest } from "./chaos/transports.ts";
import { type Plan, planOf } from "./chaos/plan.ts";
import { Proxy } from "./chaos/proxy.ts";
import { closedCleanly, HalfCloseableTalker, Talker, type TalkerHost } from "./chaos/talker.ts";

const AT_A_TIME = 12;
// Much longer than any conversation takes, even on a busy machine.
const DEADLINE_MS = 30_000;
const MAX_SHOWN = 20;

const seconds = Number(Deno.args[0] ?? 20);
const seed = Number(Deno.args[1] ?? crypto.getRandomValues(new Uint32Array(1))[0]);
const reactorName = Deno.args[2] ?? "deno";
if (!(seconds > 0) || !Number.isInteger(seed) || !HOST_REACTORS.includes(reactorName)) {
  console.error(`usage: deno task chaos [SECONDS] [SEED] [${HOST_REACTORS.join("|")}]`);
  Deno.exit(2);
}
const reactor = reactorOf(reactorName);

/** A running conversation: its plan, and the state of its two sides. */
class Conversation {
  readonly plan: Plan;
  readonly transport: TransportUnderTest;
  client: Talker | null = null;
  server: Talker | null = null;
  failure: Error | null = null;
  readonly #serverLost = Promise.withResolvers<void>();
  readonly #clientLost = Promise.withResolvers<void>();

  constructor(plan: Plan, transport: TransportUnderTest) {
    this.plan = plan;
    this.transport = transport;
  }

  lost(talker: Talker): void {
    (talker === this.server ? this.#serverLost : this.#clientLost).resolve();
  }

  async run(ports: Ports): Promise<void> {
    const proxy = new Proxy(this.transport.addresses(ports), this.plan);
    const forwarding = proxy.run();
    const endpoint = this.transport.client(proxy.addr, ports.options);
    await withDeadline(this.#talk(endpoint, forwarding)).finally(() => proxy.close());
  }

  async #talk(endpoint: IStreamClientEndpoint, forwarding: Promise<void>): Promise<void> {
    this.client = newTalker("client", this.plan);
    try {
      await connectProtocol(endpoint, this.client);
      await this.#clientLost.promise;
    } catch (error) {
      this.failure = error instanceof Error ? error : new Error(String(error));
    }
    await forwarding;
    if (this.server !== null) await this.#serverLost.promise;
    this.#check(this.client, "client");
    if (this.server !== null) this.#check(this.server, "server");
  }

  #check(talker: Talker, side: "client" | "server"): void {
    const { fault } = this.plan;
    const peer = this.plan[side === "client" ? "server" : "client"];
    if (talker.losses !== talker.made) {
      report(this, side, `connectionLost() was called ${talker.losses} times`);
    }
    if (talker.hasEnd && talker.received !== peer.frames.length + 1) {
      report(this, side, `${talker.received} frames arrived instead of ${peer.frames.length + 1}`);
    }
    if (fault === "none" && !(talker.hasEnd && closedCleanly(talker))) {
      const reason = talker.reason ?? this.failure;
      report(
        this,
        side,
        `without a fault, it closed with ${talker.hasEnd ? "" : "frames missing and "}${reason}`,
      );
    }
    if (this.transport.isSecure && !talker.hasEnd && !talker.hasClosed && closedCleanly(talker)) {
      report(this, side, "a cut TLS stream was reported as a clean close");
    }
  }

  toString(): string {
    const { number, fault, halfCloses } = this.plan;
    return `conversation ${number} over ${this.transport.name} (${fault}${
      halfCloses ? ", half-closing" : ""
    })`;
  }
}

async function withDeadline(work: Promise<void>): Promise<void> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => late.reject(new Error(`it did not complete within ${DEADLINE_MS / 1000} s`)),
    DEADLINE_MS,
  );
  await Promise.race([work, late.promise]).finally(() => clearTimeout(timer));
}

let problems = 0;
const conversations = new Map<number, Conversation>();
const endings = new Map<string, number>();
/** The open server sides, including those that have not received a frame yet. */
const open = new Set<Talker>();

function report(where: Conversation | null, side: string, problem: string): void {
  if (++problems <= MAX_SHOWN) {
    console.error(`WRONG: ${where ?? "unknown conversation"}, ${side}: ${problem}`);
  }
}

const host: TalkerHost = {
  reactor,
  plan: (number) => planOf(seed, number),
  problem: (talker, problem) => report(of(talker), talker.side, problem),
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
  const transport = all[number % all.length];
  if (transport === undefined) throw new Error("Cannot converse: there is no transport");
  const conversation = new Conversation(plan, transport);
  conversations.set(number, conversation);
  try {
    await conversation.run(transport.ports(plan.halfCloses, plan.fault === "freeze"));
  } catch (error) {
    report(conversation, "both", String(error));
  } finally {
    conversations.delete(number);
  }
}

addObserver((event) => {
  if (event.isError) report(null, "the log", eventText(event));
});
console.log(`seed ${seed}, ${seconds} s, reactor ${reactorName}`);
const running = reactor.run();
const folder = await Deno.makeTempDir();
const all = await openTransports(
  reactor,
  folder,
  (halfCloses) => newTalker("server", null, halfCloses),
);
// Modules that are loaded with the first connection of a transport keep files open.
for (const number of all.keys()) await converse(number);
const before = await openFiles();

const until = performance.now() + seconds * 1000;
let next = all.length;
await Promise.all(Array.from({ length: AT_A_TIME }, async () => {
  while (performance.now() < until && problems === 0) await converse(next++);
}));

// Waits for connections whose last reset is still in flight.
for (let i = 0; i < 100 && (open.size > 0 || await openFiles() > before); i++) {
  await new Promise((resolve) => setTimeout(resolve, 20));
}
const files = await openFiles();
if (open.size > 0) report(null, "server", `${open.size} connections were never lost`);
// A reactor on epoll that has waited often keeps an io_uring and a pair of sockets.
const kept = reactorName === "epoll" ? [before, before + 3] : [before];
if (!kept.includes(files)) report(null, "files", `${files} are open, ${before} were open before`);
for (const transport of all) await transport.close();
// An open port may wait up to a second with the line that counts its failed handshakes.
const calls = reactor.getDelayedCalls();
if (calls.length > 0) report(null, "timed calls", calls.map(String).join(", "));
reactor.stop();
await running;
await Deno.remove(folder, { recursive: true });
const ends = [...endings].map(([name, count]) => `${name} ${count}`).toSorted().join(", ");
console.log(`${next} conversations, ${problems} problems; reasons: ${ends}`);
if (problems > 0) {
  console.log(`To repeat these plans: deno task chaos ${seconds} ${seed} ${reactorName}`);
  Deno.exit(1);
}
