import { messageOf } from "../internal/foreign_value.ts";
import { proxyEndpoint } from "../protocol/proxy_protocol/proxy_endpoint.ts";
import { AddressBlocks } from "../reactor/names/address_blocks.ts";
import { type ArgumentType, integer, optional, seconds, words } from "./argument_types.ts";
import type { IStreamServerEndpointStringParser } from "./endpoint_registry.ts";

/** `any`, or a list of addresses and blocks with commas between them. */
const sources: ArgumentType<"any" | string[]> = {
  optional: false,
  read(value: string): "any" | string[] {
    if (value === "any") return value;
    const all = words.read(value);
    try {
      new AddressBlocks(all.filter((source) => source !== "unix"));
    } catch (error) {
      throw new RangeError(`must be any, or addresses and blocks: ${messageOf(error)}`);
    }
    return all;
  },
};

const HAPROXY = {
  trustedSources: optional(sources),
  headerTimeout: optional(seconds),
  maxHeaderLength: optional(integer(16, 65551)),
};

/**
 * `haproxy:trustedSources=10.0.0.0/8:tcp:80`: an endpoint behind a proxy that sends headers of the
 * PROXY protocol. In Twisted it is `haproxy:tcp:80`, which believes every peer.
 */
export const haproxyServerParser: IStreamServerEndpointStringParser<unknown> = {
  prefix: "haproxy",
  parseStreamServer: (_reactor, args) => {
    const { trustedSources, ...options } = args.takeLeading(HAPROXY);
    if (trustedSources === undefined) {
      throw args.error(
        null,
        'the argument "trustedSources" is missing: name the proxies, as in ' +
          "haproxy:trustedSources=10.0.0.0/8:tcp:80; trustedSources=any believes every peer",
      );
    }
    return proxyEndpoint(args.serverOfRest(), { ...options, trustedSources });
  },
};
