/**
 * The nodes of examples/cluster_chat/, with a real HAProxy and a real broker.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { Example, examples } from "../testing/fixtures/example.ts";
import type { Program } from "../testing/fixtures/program.ts";
import { freePort } from "./proxy.ts";
import { type InteropFixture, NATS_SERVER, REDIS_SERVER, type Tool } from "./tool.ts";

/** A broker over which the nodes can run. */
export interface Broker {
  /** Its name in the arguments of a node. */
  readonly name: string;
  readonly tool: Tool;
  /** A line of its output when it listens. */
  readonly ready: RegExp;
  /** Returns the arguments with which it keeps its messages in a folder. */
  args(port: number, folder: string): string[];
}

/** The brokers. */
export const BROKERS: readonly Broker[] = [
  {
    name: "redis",
    tool: REDIS_SERVER,
    ready: /Ready to accept connections/i,
    args: (port, folder) => [
      ...["--port", `${port}`, "--bind", "127.0.0.1", "--dir", folder],
      ...["--save", "", "--appendonly", "yes", "--appendfsync", "always"],
    ],
  },
  {
    name: "nats",
    tool: NATS_SERVER,
    ready: /Server is ready/,
    args: (port, folder) => [
      ...["--addr", "127.0.0.1", "--port", `${port}`, "--jetstream", "--store_dir", folder],
    ],
  },
];

/** Three nodes, the HAProxy in front of them, and the broker that connects them. */
export class Cluster {
  readonly front = freePort();
  readonly #fixture: InteropFixture;
  readonly #broker: Broker;
  readonly #brokerPort = freePort();
  readonly #folder: string;
  readonly #ports = Array.from({ length: 3 }, () => [`${freePort()}`, `${freePort()}`] as const);
  readonly #nodes: Program[] = [];
  #haproxy: Program | null = null;
  #server: Program | null = null;

  constructor(fixture: InteropFixture, broker: Broker) {
    this.#fixture = fixture;
    this.#broker = broker;
    this.#folder = fixture.folder();
  }

  async start(): Promise<void> {
    await this.startBroker();
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

  /** Starts the broker, with the messages of its last run. */
  async startBroker(): Promise<void> {
    const { tool, args, ready } = this.#broker;
    this.#server = this.#fixture.programAloud(tool.command, args(this.#brokerPort, this.#folder));
    await this.#server.line(ready);
  }

  async killBroker(): Promise<void> {
    this.signalBroker("SIGKILL");
    await this.#server?.end();
  }

  signalBroker(signal: Deno.Signal): void {
    this.#server?.send(signal);
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

  /** Stops a node with SIGSTOP until HAProxy has found out, and lets it continue. */
  async freezeNode(i: number): Promise<void> {
    this.#nodes[i]?.send("SIGSTOP");
    await this.#haproxy?.line(new RegExp(`Server nodes/n${i + 1} is DOWN`));
    this.#nodes[i]?.send("SIGCONT");
    await this.#haproxy?.line(new RegExp(`Server nodes/n${i + 1} is UP`));
  }

  async #startNode(i: number): Promise<void> {
    const broker = `${this.#broker.name}:tcp:127.0.0.1:${this.#brokerPort}`;
    const node = new Example("cluster_chat/node.ts", [...this.#ports[i] ?? [], broker]);
    this.#fixture.after(() => node[Symbol.asyncDispose]());
    this.#nodes[i] = node;
    await node.line(/The node is ready$/);
  }
}
