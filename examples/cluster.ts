/**
 * A cluster that elects a leader: the leader election of Raft (Ongaro and Ousterhout, "In Search of
 * an Understandable Consensus Algorithm", 2014, section 5.2), without the replicated log.
 *
 *     deno run --allow-net --allow-read --allow-write examples/cluster.ts
 *
 * Try it: run the program in three terminals, with the arguments `1`, `2` and `3`. Two members are
 * enough to elect a leader. Stop the leader with Ctrl-C: one of the others leads in a new term.
 * Start it again: it follows. Each member keeps its term and its vote in a file, such as
 * `member1.ballot.json`. Further arguments: the folder of these files (`.`), and the ports of all
 * members (2001, 2002 and 2003). `simulated_cluster_test.ts` tests ten members in a simulated
 * network.
 */

import {
  ClientService,
  type Deferred,
  Factory,
  type IDelayedCall,
  type IReactorTime,
  isTimeout,
  type IStreamClientEndpoint,
  type IStreamServerEndpoint,
  LineReceiver,
  log,
  MultiService,
  reactor,
  RequestQueue,
  startApplication,
  StreamServerEndpointService,
  TCP4ClientEndpoint,
  TCP4ServerEndpoint,
} from "@torsion/reactor";

// All times are in seconds. A follower that hears nothing for this time, or up to twice as long,
// becomes a candidate. The random part makes it unlikely that two members do so together.
const ELECTION_TIMEOUT = 1;
// A leader that sends this often keeps its followers even if one heartbeat is late.
const HEARTBEAT_INTERVAL = 0.25;
// Shorter than the shortest election, so that a dead connection costs a candidate one election.
const ANSWER_TIMEOUT = 0.5;

/** A request for a vote, or a sign of life of the leader. Both are one line of JSON. */
export type Request =
  | { type: "vote"; term: number; candidate: string }
  | { type: "heartbeat"; term: number; leader: string };

/** The answer to a request, one line of JSON. */
export interface Answer {
  /** The term of the member that answers. A later term than that of the request outdates it. */
  term: number;
  granted: boolean;
}

/** What a member does in the current term. */
export type Role = "follower" | "candidate" | "leader";

/** Keeps values in spite of crashes. A value is on the disk when `set` returns. */
export interface Disk {
  get(key: string): unknown;
  set(key: string, value: string): unknown;
}

/** What a member is made of. */
export interface MemberOptions {
  /** The name of the member, which differs from those of its peers. */
  name: string;
  /** Where the member listens. */
  server: IStreamServerEndpoint;
  /** Where the other members listen. */
  peers: readonly IStreamClientEndpoint[];
  clock: IReactorTime;
  disk: Disk;
  /** Returns a number from 0 to 1. */
  random: () => number;
  /** Called when the member has another role or another leader. */
  changed: (member: Member) => void;
}

/** The connection of a peer that asks. */
class Inbound extends LineReceiver {
  readonly #member: Member;

  constructor(member: Member) {
    super();
    this.#member = member;
  }

  override textReceived(line: string): void {
    this.sendLine(JSON.stringify(this.#member.answer(JSON.parse(line))));
  }
}

/** The connection on which a member asks a peer. */
class Outbound extends LineReceiver {
  readonly #requests: RequestQueue<Request, Answer>;

  constructor(clock: IReactorTime) {
    super();
    const send = (request: Request) => this.sendLine(JSON.stringify(request));
    this.#requests = new RequestQueue(send, { clock, timeout: ANSWER_TIMEOUT });
  }

  ask(request: Request): Deferred<Answer> {
    return this.#requests.request(request).addErrback((error) => {
      // A partition or a crash closes no connection. A new one works as soon as the peer does.
      if (isTimeout(error)) this.transport.abortConnection();
      throw error;
    });
  }

  override textReceived(line: string): void {
    this.#requests.answer(JSON.parse(line));
  }

  override connectionLost(reason: Error): void {
    this.#requests.connectionLost(reason);
  }
}

/** A member of the cluster. */
export class Member extends MultiService {
  readonly id: string;
  readonly #options: MemberOptions;
  readonly #peers: ClientService<Outbound>[];
  #role: Role = "follower";
  #leader: string | null = null;
  #term = 0;
  /** The candidate that has this member's vote in the current term. */
  #vote: string | null = null;
  /** The call that begins an election or, while the member leads, sends heartbeats. */
  #timer: IDelayedCall | null = null;

  constructor(options: MemberOptions) {
    super();
    const { name, server, peers, clock, random } = options;
    this.id = name;
    this.#options = options;
    this.#remind();
    const voters = Factory.forProtocol(() => new Inbound(this));
    this.addService(new StreamServerEndpointService(server, voters));
    const askers = Factory.forProtocol(() => new Outbound(clock));
    const retryPolicy = () => (1 + random()) / 4;
    this.#peers = peers.map((peer) =>
      new ClientService(peer, askers, { clock, retryPolicy, attemptTimeout: ANSWER_TIMEOUT })
    );
    for (const peer of this.#peers) this.addService(peer);
  }

  /** The leader of the current term, as far as the member knows. */
  get leader(): string | null {
    return this.#leader;
  }

  get role(): Role {
    return this.#role;
  }

  get term(): number {
    return this.#term;
  }

  /** The state as text, such as `follower of m2 in term 3`. */
  get state(): string {
    const leader = this.#role === "follower" ? ` of ${this.#leader ?? "no one"}` : "";
    return `${this.#role}${leader} in term ${this.#term}`;
  }

  /** The votes that a leader needs. Two majorities have a member in common, which votes once. */
  protected get majority(): number {
    return Math.floor((this.#peers.length + 1) / 2) + 1;
  }

  override startService(): void {
    super.startService();
    this.#waitForLeader();
  }

  override stopService(): Deferred<void> {
    this.#timer?.[Symbol.dispose]();
    return super.stopService();
  }

  /** Answers the request of a peer. */
  answer(request: Request): Answer {
    const { term } = request;
    if (term > this.#term) this.#follow(term);
    const granted = term === this.#term &&
      (request.type === "heartbeat" || this.#voteFor(request.candidate));
    if (granted) this.#follow(term, request.type === "heartbeat" ? request.leader : null);
    return { term: this.#term, granted };
  }

  /** Returns whether the vote of this term is the candidate's. The first one that asks gets it. */
  #voteFor(candidate: string): boolean {
    if (this.#vote === null) this.#remember(this.#term, candidate);
    return this.#vote === candidate;
  }

  #follow(term: number, leader: string | null = null): void {
    if (term > this.#term) this.#remember(term, null);
    this.#become("follower", leader);
    this.#waitForLeader();
  }

  #waitForLeader(): void {
    this.#wait(ELECTION_TIMEOUT * (1 + this.#options.random()), () => this.#campaign());
  }

  #campaign(): void {
    this.#remember(this.#term + 1, this.id);
    this.#become("candidate", null);
    this.#waitForLeader();
    let votes = 0;
    const count = () => {
      if (this.#role === "candidate" && ++votes >= this.majority) this.#lead();
    };
    count(); // the member's own vote
    this.#askAll({ type: "vote", term: this.#term, candidate: this.id }, count);
  }

  #lead(): void {
    this.#become("leader", this.id);
    this.#askAll({ type: "heartbeat", term: this.#term, leader: this.id });
    this.#wait(HEARTBEAT_INTERVAL, () => this.#lead());
  }

  /** Sends a request to all peers, and calls `granted` for each that grants it in this term. */
  #askAll(request: Request, granted: () => void = () => {}): void {
    const receive = (answer: Answer) => {
      if (answer.term > this.#term) this.#follow(answer.term);
      else if (answer.granted && request.term === this.#term) granted();
    };
    // A peer that does not answer counts as one that refuses: the next request comes soon.
    const refuse = () => {};
    for (const peer of this.#peers) {
      peer.whenConnected({ timeout: ANSWER_TIMEOUT }).addCallback((each) => each.ask(request))
        .addCallbacks(receive, refuse);
    }
  }

  #become(role: Role, leader: string | null): void {
    if (role === this.#role && leader === this.#leader) return;
    this.#role = role;
    this.#leader = leader;
    this.#options.changed(this);
  }

  #wait(seconds: number, f: () => void): void {
    this.#timer?.[Symbol.dispose]();
    // Requests and answers can still arrive while the connections are being closed.
    if (this.running) this.#timer = this.#options.clock.callLater(seconds, f);
  }

  /**
   * Sets the term and the vote. They are on the disk before a request or an answer is sent: a
   * member that forgets its vote in a crash could vote twice.
   */
  #remember(term: number, vote: string | null): void {
    this.#term = term;
    this.#vote = vote;
    this.#options.disk.set("ballot", JSON.stringify({ term, vote }));
  }

  /** Reads the term and the vote after a restart. */
  #remind(): void {
    const saved = this.#options.disk.get("ballot");
    if (typeof saved === "string") ({ term: this.#term, vote: this.#vote } = JSON.parse(saved));
  }
}

/** Keeps each value in a file. */
class FileDisk implements Disk {
  readonly #path: string;

  /** @param path The beginning of the paths. */
  constructor(path: string) {
    this.#path = path;
  }

  get(key: string): string | null {
    try {
      return Deno.readTextFileSync(`${this.#path}.${key}.json`);
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return null;
      throw error;
    }
  }

  set(key: string, value: string): void {
    // A crash leaves the old file or the new one, and not half of it.
    const path = `${this.#path}.${key}.json`;
    using file = Deno.openSync(`${path}.new`, { write: true, create: true, truncate: true });
    file.writeSync(new TextEncoder().encode(value));
    file.syncSync();
    Deno.renameSync(`${path}.new`, path);
  }
}

if (import.meta.main) {
  const [number = "1", folder = ".", ...ports] = Deno.args;
  if (ports.length === 0) ports.push("2001", "2002", "2003");
  log.startLogging(Deno.stdout);
  const endpoint = (port: string) => new TCP4ClientEndpoint(reactor, "127.0.0.1", Number(port));
  const member = new Member({
    name: `member ${number}`,
    server: new TCP4ServerEndpoint(reactor, Number(ports[Number(number) - 1])),
    peers: ports.toSpliced(Number(number) - 1, 1).map(endpoint),
    clock: reactor,
    disk: new FileDisk(`${folder}/member${number}`),
    random: Math.random,
    changed: (member) => log.msg(`I am ${member.state}`),
  });
  startApplication(reactor, member);
  await reactor.run();
}
