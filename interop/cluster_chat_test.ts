/** Runs examples/cluster_chat/ behind HAProxy over each broker, and counts the messages. */

import { assert, assertEquals } from "@std/assert";
import { type Broker, BROKERS, Cluster } from "./chat_cluster.ts";
import { Person } from "./chat_person.ts";
import { HAPROXY, type InteropFixture, interopTest } from "./tool.ts";

const CUT_OFF = "* The room is cut off. Nothing is sent until it is back.";
const BACK = "* The room is back.";

/** Starts a cluster, and lets people enter. */
async function enter(
  fixture: InteropFixture,
  broker: Broker,
  names: string[],
): Promise<[Cluster, Person[]]> {
  const cluster = new Cluster(fixture, broker);
  await cluster.start();
  const people = names.map((name) => new Person(fixture, name, cluster.front));
  await all(people, (person) => person.hasEntered());
  return [cluster, people];
}

function all<T>(people: readonly Person[], f: (person: Person) => Promise<T>): Promise<T[]> {
  return Promise.all(people.map(f));
}

/** Waits until everyone has received a notice once more. */
function note(people: readonly Person[], start: string): Promise<unknown> {
  const matches = ({ notices }: Person) => notices.filter((each) => each.startsWith(start)).length;
  return all(people, (person) => {
    const before = matches(person);
    return person.until(() => matches(person) > before);
  });
}

/**
 * Checks that everyone has read all acknowledged messages, in order and without a gap, and that
 * each message has been acknowledged, except those that were perhaps sent.
 */
async function checkAll(people: readonly Person[]): Promise<void> {
  await all(people, (person) => person.fallSilent());
  const sent = people.flatMap(({ name, sent }) =>
    sent.map(({ number, text }) => ({ number, text: `<${name}> ${text}` }))
  );
  const newest = Math.max(...sent.map(({ number }) => number));
  for (const person of people) {
    await person.until(() => (person.read.at(-1)?.number ?? 0) >= newest);
    const numbers = person.read.map(({ number }) => number);
    assertEquals(numbers, numbers.map((_, i) => (numbers[0] ?? 0) + i));
    const texts = new Map(person.read.map(({ number, text }) => [number, text]));
    assert(!person.notices.includes("* Some messages are missing."));
    assertEquals(sent.filter(({ number, text }) => texts.get(number) !== text), []);
    assertEquals(person.sent.length + person.uncertain.length, person.count);
  }
}

for (const broker of BROKERS) {
  const test = interopTest(HAPROXY, broker.tool);

  test(`cluster_chat over ${broker.name} loses no line in a rolling restart`, async (fixture) => {
    const names = ["Ann", "Bob", "Cem", "Dora"];
    const [cluster, people] = await enter(fixture, broker, names);
    for (const person of people) person.talk();
    for (const i of [0, 1, 2]) await cluster.restart(i);
    await checkAll(people);
    // Each node had a client at first, and all three have been replaced.
    assert(people.every(({ connections, count }) => connections > 1 && count > 0));
    for (const { read, uncertain } of people) {
      assertEquals(uncertain, []);
      // Everyone has read each line once, also those that had to be sent again.
      const lines = people.flatMap(({ name, count }) =>
        Array.from({ length: count }, (_, i) => `<${name}> message ${i + 1}`)
      );
      assertEquals(read.map(({ text }) => text).sort(), lines.sort());
    }

    for (const person of people) person.talk();
    await Promise.all([cluster.killNode(1), cluster.freezeNode(0)]);
    await checkAll(people);
  });

  test(`cluster_chat refuses lines while ${broker.name} is away, and loses none`, async (fixture) => {
    const [cluster, people] = await enter(fixture, broker, ["Ann", "Bob", "Cem"]);
    const connections = people.map((person) => person.connections);
    for (const person of people) person.talk();
    await note(people, "* Sent as ");

    const cutOff = note(people, CUT_OFF);
    const refused = note(people, "* Not sent: ");
    await cluster.killBroker();
    await Promise.all([cutOff, refused]);
    const back = note(people, BACK);
    await cluster.startBroker();
    await back;
    await note(people, "* Sent as ");

    // It accepts connections, and does not answer.
    const silent = note(people, CUT_OFF);
    cluster.signalBroker("SIGSTOP");
    await silent;
    await note(people, "* Not sent: ");
    const again = note(people, BACK);
    cluster.signalBroker("SIGCONT");
    await again;
    await note(people, "* Sent as ");
    await checkAll(people);
    assertEquals(people.map((person) => person.connections), connections);
  });
}
