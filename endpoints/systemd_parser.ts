import { messageOf } from "../internal/foreign_value.ts";
import type { IReactorHostEnvironment, IReactorSocket } from "../reactor/interfaces/mod.ts";
import { AdoptedStreamServerEndpoint } from "./adopted.ts";
import { integer, oneOf, optional, text } from "./argument_types.ts";
import type { EndpointArguments } from "./endpoint_arguments.ts";
import type { IStreamServerEndpointStringParser } from "./endpoint_registry.ts";
import { ListenFDs } from "./listen_fds.ts";

const INHERITED = {
  domain: oneOf("INET", "INET6", "UNIX"),
  index: optional(integer(0, 999_999)),
  name: optional(text),
};

/**
 * `systemd:domain=INET:name=web`, `systemd:domain=UNIX:index=0`: a socket that systemd has opened
 * for this process, given by either `index` or `name`. The socket is looked up when the description
 * is parsed, so that a wrong description fails at once.
 */
export const systemdServerParser: IStreamServerEndpointStringParser<
  IReactorSocket & IReactorHostEnvironment
> = {
  prefix: "systemd",
  parseStreamServer: (reactor, args) => {
    const { domain, index, name } = args.take(["domain", "index", "name"], INHERITED);
    if ((index === undefined) === (name === undefined)) {
      throw args.error(
        "name",
        'exactly one of "index" and "name" must be given, to identify the socket',
      );
    }
    const inherited = inheritedBy(reactor, args);
    const descriptor = name === undefined
      ? byIndex(inherited, index ?? 0, args)
      : byName(inherited, name, args);
    return new AdoptedStreamServerEndpoint(reactor, descriptor, domain);
  },
};

function inheritedBy(
  { hostEnvironment }: IReactorHostEnvironment,
  args: EndpointArguments,
): ListenFDs {
  try {
    const environ = (name: string) => hostEnvironment.getEnvironment(name);
    return ListenFDs.fromEnvironment(environ, hostEnvironment.pid);
  } catch (cause) {
    throw args.error(
      null,
      `the environment variables of systemd cannot be read: ${messageOf(cause)}`,
      { cause },
    );
  }
}

function byIndex(inherited: ListenFDs, index: number, args: EndpointArguments): number {
  const descriptors = inherited.inheritedDescriptors();
  const descriptor = descriptors[index];
  if (descriptor !== undefined) return descriptor;
  throw args.error(
    "index",
    `this process has no inherited socket with the index ${index}; ` +
      `it has ${descriptors.length}, counted from 0`,
  );
}

function byName(inherited: ListenFDs, name: string, args: EndpointArguments): number {
  const descriptors = inherited.inheritedNamedDescriptors();
  const descriptor = descriptors.get(name);
  if (descriptor !== undefined) return descriptor;
  const names = [...descriptors.keys()].join(", ");
  throw args.error(
    "name",
    `this process has no inherited socket named ${JSON.stringify(name)}; the names are ${
      names === "" ? "(none)" : names
    }`,
  );
}
