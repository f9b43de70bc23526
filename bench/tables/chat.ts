/**
 * The chat of examples/cluster_chat/ in one process, and on two nodes with a broker between them.
 * All programs share all processors, and so does the load.
 *
 * @module
 */

import { type ChatLoad, runChat } from "../load/chat_load.ts";
import { compare, messageOf, type Options, type Table, TableRecorder } from "../measure.ts";
import { denoProgram, isInstalled, ServerProcess } from "../server_process.ts";

const ALONE = "1 process";

/** A load, and the number of its messages for a second of measurement. */
interface Load extends ChatLoad {
  readonly perSecond: number;
}

const LOADS: Record<string, Load> = {
  "2 people, one talks": { people: 2, talkers: 1, perSecond: 5000 },
  "16 people, all talk": { people: 16, talkers: 16, perSecond: 15_000 },
  "256 people, 16 talk": { people: 256, talkers: 16, perSecond: 2500 },
};

/** A broker, and the number of nodes that it connects. */
interface Contender {
  /** Its name in the arguments of a node. */
  readonly broker: "redis" | "nats";
  readonly command: string;
  readonly nodes: number;
  /** Returns its arguments. It keeps its messages in a folder. */
  args(port: string, folder: string): readonly string[];
}

const redis = (nodes: number, fsync: "always" | "everysec"): Contender => ({
  broker: "redis",
  command: "redis-server",
  nodes,
  args: (port, folder) => [
    ...["--bind", "127.0.0.1", "--port", port, "--dir", folder],
    ...["--save", "", "--appendonly", "yes", "--appendfsync", fsync],
  ],
});

const CONTENDERS: Record<string, Contender> = {
  "1 node, Redis": redis(1, "everysec"),
  "2 nodes, Redis": redis(2, "everysec"),
  "2 nodes, Redis with fsync": redis(2, "always"),
  "2 nodes, NATS": {
    broker: "nats",
    command: "nats-server",
    nodes: 2,
    args: (port, folder) => [
      ...["--addr", "127.0.0.1", "--port", port, "--jetstream", "--store_dir", folder],
    ],
  },
};

/** The programs of a contender. */
interface Chat {
  readonly nodes: readonly ServerProcess[];
  readonly all: readonly ServerProcess[];
}

/** Measures the table. */
export async function measure(options: Options): Promise<Table> {
  const recorder = new TableRecorder({
    title: "A chat on several nodes",
    shape: "matrix",
    metrics: {
      perSecond: { title: "messages per second, each of which everyone reads", unit: "/s" },
      latency: { title: "median time until another person has read a message", unit: "µs" },
      cpu: { title: "processor time of the nodes and the broker per message", unit: "µs" },
      busiest: { title: "processor time of the busiest of them per message", unit: "µs" },
    },
    references: [ALONE],
  }, options);
  await using stack = new AsyncDisposableStack();
  const node = stack.use(await startNode("alone"));
  const chats = new Map<string, Chat>([[ALONE, { nodes: [node], all: [node] }]]);
  for (const [name, contender] of Object.entries(CONTENDERS)) {
    if (isInstalled(contender.command)) {
      try {
        chats.set(name, await startChat(contender, stack));
      } catch (error) {
        recorder.failures.push(`${name}: ${messageOf(error)}`);
      }
    } else recorder.missing.push(`${name}: ${contender.command} is not installed`);
  }
  for (const [name, load] of Object.entries(LOADS)) {
    const messages = Math.ceil(load.perSecond * options.seconds);
    const contenders = [...chats].map(([name, chat]) => ({
      name,
      run: () => exchange(chat, load, messages),
    }));
    // The first round warms up the compilers.
    await compare(recorder, name, contenders, options.rounds, 1);
  }
  return recorder.finish();
}

function startNode(broker: string): Promise<ServerProcess> {
  return ServerProcess.start({
    ...denoProgram("servers/chat_node.ts", [broker]),
    isSpread: true,
  });
}

async function startChat(contender: Contender, stack: AsyncDisposableStack): Promise<Chat> {
  const { broker, command, nodes, args } = contender;
  const folder = await Deno.makeTempDir({ prefix: "chat-" });
  stack.defer(() => Deno.remove(folder, { recursive: true }));
  const port = `${freePort()}`;
  const server = stack.use(
    await ServerProcess.start({
      // NATS writes to its standard error.
      command: "sh",
      args: ["-c", 'exec "$0" "$@" 2>&1', command, ...args(port, folder)],
      // The empty group stands for the port, which is known.
      ready: /()(?:ready to accept connections|server is ready)/i,
      isSpread: true,
    }),
  );
  const started: ServerProcess[] = [];
  for (let i = 0; i < nodes; i++) {
    started.push(stack.use(await startNode(`${broker}:tcp:127.0.0.1:${port}`)));
  }
  return { nodes: started, all: [server, ...started] };
}

/** Returns a port that is free. */
function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

async function exchange(
  { nodes, all }: Chat,
  load: ChatLoad,
  messages: number,
): Promise<Record<string, number>> {
  const used = (): number[] => all.map((program) => program.cpuSeconds());
  const before = used();
  const { seconds, latency } = await runChat(nodes.map(({ port }) => port), load, messages);
  const costs = used().map((after, i) => (after - (before[i] ?? NaN)) / messages * 1e6);
  return {
    perSecond: messages / seconds,
    latency: latency * 1e6,
    cpu: costs.reduce((sum, cost) => sum + cost),
    busiest: Math.max(...costs),
  };
}
