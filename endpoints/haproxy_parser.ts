import type { IStreamServerEndpointStringParser } from "./endpoint_registry.ts";

/** `haproxy:tcp:80`: a wrapper for the PROXY protocol of HAProxy, which is not implemented yet. */
export const haproxyServerParser: IStreamServerEndpointStringParser<unknown> = {
  prefix: "haproxy",
  parseStreamServer: (_reactor, args) => {
    throw args.error(null, 'the PROXY protocol of the type "haproxy" is not implemented yet');
  },
};
