/** The brokers over which a chat can run. */

import { clientFromString } from "@torsion/reactor";
import type { IReactor } from "@torsion/reactor/reactor";
import { BrokerBus, type MakeLink } from "./broker_bus.ts";
import type { Subscriber } from "./bus.ts";

// The client of a broker is loaded only if it is used.
const LINKS: Record<string, () => Promise<MakeLink>> = {
  redis: async () => {
    const { RedisLink } = await import("./redis_link.ts");
    return (clock, lost) => new RedisLink(clock, lost);
  },
  nats: async () => {
    const { NATSLink } = await import("./nats_link.ts");
    return (_clock, lost) => new NATSLink(lost);
  },
};

/**
 * Creates a bus that is not connected yet.
 *
 * @param description The broker and its endpoint, such as `redis:tcp:127.0.0.1:6379`.
 * @throws {RangeError} If there is no such broker.
 */
export async function busFromString(
  reactor: IReactor,
  description: string,
  subscriber: Subscriber,
): Promise<BrokerBus> {
  const [, name = "", endpoint = ""] = /^([a-z]+):(.*)$/.exec(description) ?? [];
  const link = LINKS[name];
  if (link === undefined) {
    const names = Object.keys(LINKS).map((name) => `${name}:ENDPOINT`).join(" or ");
    throw new RangeError(`Cannot use the broker ${JSON.stringify(description)}: write ${names}`);
  }
  return new BrokerBus(reactor, clientFromString(reactor, endpoint), await link(), subscriber);
}
