import type { IStreamServerEndpointStringParser } from "./endpoint_registry.ts";

/** `haproxy:tcp:80`, which is a wrapper for what HAProxy connects to: its PROXY protocol is not there yet. */
export const haproxyServerParser: IStreamServerEndpointStringParser<unknown> = {
  prefix: "haproxy",
  parseStreamServer: (_reactor, args) => {
    throw args.error(null, "the PROXY protocol, which it stands for, is not there yet");
  },
};
