// Tests the cluster of cluster.ts in a simulated network: ten members, whose hosts crash and pause,
// and whose network is cut. Whatever happens, no term has two leaders. Two broken members show that
// the simulation would find it.

import { assert, assertEquals, assertRejects } from "@std/assert";
import { startApplication, TCP4ClientEndpoint, TCP4ServerEndpoint } from "@torsion/reactor";
import {
  DEFAULT_FAULTS,
  ExplorationFailure,
  explore,
  type FaultRates,
  replay,
  type SimulatedHost,
  type SimulatedNetwork,
} from "@torsion/reactor/testing";
import { Member, type MemberOptions } from "./cluster.ts";

type MakeMember = (options: MemberOptions) => Member;

/** The members on their hosts, and a record of their elections. */
class Cluster {
  /** The member that each host has started last. */
  readonly members = new Map<string, Member>();
  readonly #network: SimulatedNetwork;
  readonly #make: MakeMember;
  /** The names of the candidates and of the leaders of each term, the past ones included. */
  readonly #candidates = new Map<number, Set<string>>();
  readonly #leaders = new Map<number, Set<string>>();

  constructor(network: SimulatedNetwork, make: MakeMember) {
    this.#network = network;
    this.#make = make;
    const count = network.parameter("members", 10, 3);
    for (let n = 1; n <= count; n++) network.addHost(`m${n}`, (host) => this.#start(host));
    // "Election Safety" in figure 3 of the paper.
    const isSafe = () => [...this.#leaders.values()].every((names) => names.size === 1);
    network.always("no term has two leaders", isSafe);
  }

  /** Returns the leader that all members but one follow; `null` if they do not agree. */
  leader(except: string | null = null): string | null {
    const members = [...this.members.values()].filter(({ id }) => id !== except);
    const [leader = null, ...others] = new Set(members.map((member) => member.leader));
    return others.length === 0 ? leader : null;
  }

  /** Starts the program of a host, after a crash with the disk as it was. */
  #start({ name, reactor, disk, random }: SimulatedHost): void {
    this.#network.sometimes("a crashed member returns", this.members.has(name));
    const others = this.#network.hosts.filter((host) => host.name !== name);
    const member = this.#make({
      name,
      server: new TCP4ServerEndpoint(reactor, 2000),
      peers: others.map((host) =>
        new TCP4ClientEndpoint(reactor, this.#network.addressOf(host.name), 2000)
      ),
      clock: reactor,
      disk,
      random: random.fraction,
      changed: (member) => this.#record(member),
    });
    this.members.set(name, member);
    startApplication(reactor, member);
  }

  #record({ id, role, term, state }: Member): void {
    const network = this.#network;
    network.host(id).note(state);
    if (role === "candidate") {
      add(this.#candidates, term, id);
      const rivals = this.#candidates.get(term - 1)?.size ?? 0;
      network.sometimes("two candidates split a vote", rivals > 1 && !this.#leaders.has(term - 1));
    } else if (role === "leader") {
      add(this.#leaders, term, id);
      const others = [...this.members.values()].filter((member) => member.id !== id);
      const isOtherCutOff = others.some(({ id, role }) =>
        role === "leader" && network.host(id).isUp
      );
      network.sometimes("a leader is elected while another is cut off", isOtherCutOff);
    }
  }
}

function add(names: Map<number, Set<string>>, term: number, name: string): void {
  names.set(term, (names.get(term) ?? new Set()).add(name));
}

async function elect(
  network: SimulatedNetwork,
  make: MakeMember = (options) => new Member(options),
): Promise<void> {
  const cluster = new Cluster(network, make);
  await network.sleep(network.parameter("seconds", 30)); // with faults

  network.heal();
  await network.sleep(5); // until crashed members have returned
  await network.eventually(20, "all follow a leader", () => cluster.leader() !== null);

  const old = cluster.leader() ?? "";
  const partition = network.partition([old]);
  const isNew = (leader: string | null) => leader !== null && leader !== old;
  await network.eventually(20, "the others follow a new leader", () => isNew(cluster.leader(old)));
  assertEquals(cluster.members.get(old)?.role, "leader"); // it cannot know

  partition[Symbol.dispose]();
  await network.eventually(20, "the old leader follows, too", () => isNew(cluster.leader()));
  await network.shutDown();
}

// More faults of the kinds that trouble a cluster, in a virtual minute.
const FAULTS = { ...DEFAULT_FAULTS, partition: 2, clog: 4, pause: 4, crash: 2, kill: 2 };

Deno.test("Member elects at most one leader in a term, and another if it is cut off", async () => {
  const sometimes = [
    "a crashed member returns",
    "two candidates split a vote",
    "a leader is elected while another is cut off",
  ];
  await explore({ scenario: elect, sometimes, seeds: 20, faults: FAULTS });
});

/** Finds faults with which broken members elect two leaders. Intact members withstand the same. */
async function find(make: MakeMember, members: number, faults: FaultRates): Promise<void> {
  const scenario = (network: SimulatedNetwork) => elect(network, make);
  const { exploration: { failures: [failure] } } = await assertRejects(
    () => explore({ scenario, seeds: 200, faults, parameters: { members } }),
    ExplorationFailure,
    "no term has two leaders",
  );
  assert(failure !== undefined && failure.faults.length <= 3, failure?.faults.join("\n"));
  await replay(elect, failure);
}

Deno.test("Member without a disk votes twice after a crash, which explore() finds", async () => {
  // Such as "kill m3 2 s to 6 s" and "kill m1 6 s to 7 s": both have forgotten whom they elected.
  await find((options) => new Member({ ...options, disk: new Map() }), 3, { kill: 30 });
});

Deno.test("Member that takes half of the votes for a majority is found by explore()", async () => {
  class Hasty extends Member {
    protected override get majority(): number {
      return super.majority - 1;
    }
  }
  // Such as "partition m1,m3 | m2,m4 1 s to 4 s": each half elects a leader in the first term.
  await find((options) => new Hasty(options), 4, { partition: 60 });
});
