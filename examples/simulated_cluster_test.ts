// Tests the cluster of cluster.ts in a simulated network: ten members, whose hosts crash and pause,
// and whose network is cut in two. Whatever happens, no term has two leaders.

import { startApplication, TCP4ClientEndpoint, TCP4ServerEndpoint } from "@torsion/reactor";
import {
  describeExploration,
  explore,
  type SimulatedHost,
  type SimulatedNetwork,
} from "@torsion/reactor/testing";
import { Member, type MemberOptions } from "./cluster.ts";

const PORT = 2000;

/** The members, and what they have done. */
class Cluster {
  readonly network: SimulatedNetwork;
  /** The running members, by the names of their hosts. */
  readonly members = new Map<string, Member>();
  readonly candidates = new Map<number, Set<string>>();
  readonly leaders = new Map<number, Set<string>>();
  readonly #make: (options: MemberOptions) => Member;

  constructor(network: SimulatedNetwork, make = (options: MemberOptions) => new Member(options)) {
    this.network = network;
    this.#make = make;
    const size = network.parameter("members", 10, 3);
    for (let i = 1; i <= size; i++) network.addHost(`m${i}`, (host) => this.#start(host));
    network.always(
      "no term has two leaders",
      () => [...this.leaders.values()].every(({ size }) => size === 1),
    );
  }

  get all(): Member[] {
    return [...this.members.values()];
  }

  #start({ name, reactor, disk, random }: SimulatedHost): void {
    this.network.sometimes("a member comes back", this.members.has(name));
    const others = this.network.hosts.filter((host) => host.name !== name);
    const member = this.#make({
      name,
      server: new TCP4ServerEndpoint(reactor, PORT),
      peers: others.map(({ addresses: [address = ""] }) =>
        new TCP4ClientEndpoint(reactor, address, PORT)
      ),
      clock: reactor,
      disk,
      random: random.fraction,
      changed: (member) => this.#record(member),
    });
    this.members.set(name, member);
    startApplication(reactor, member);
  }

  #record({ id, role, term, leader }: Member): void {
    this.network.host(id).note(`is ${role} of ${leader} in term ${term}`);
    const records = role === "candidate" ? this.candidates : this.leaders;
    if (role !== "follower") records.set(term, (records.get(term) ?? new Set()).add(id));
  }
}

async function elect(network: SimulatedNetwork, make?: (options: MemberOptions) => Member) {
  const cluster = new Cluster(network, make);
  await network.sleep(network.parameter("seconds", 30));
  network.heal();
  await network.eventually(
    20,
    "all members follow one leader",
    () => cluster.all.every(({ leader }) => leader !== null && leader === cluster.all[0]?.leader),
  );
  await network.shutDown();
}

Deno.test("cluster.ts", async () => {
  console.log(describeExploration(await explore({ scenario: elect, seeds: 50 })));
});
