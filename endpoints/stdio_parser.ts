import type { IReactorStdio } from "../reactor/interfaces/mod.ts";
import type { IStreamServerEndpointStringParser } from "./endpoint_registry.ts";
import { StandardIOEndpoint } from "./standard_io.ts";

/** `stdio:`, standard input and output. It has no arguments. Twisted's `_StandardIOParser`. */
export const stdioServerParser: IStreamServerEndpointStringParser<IReactorStdio> = {
  prefix: "stdio",
  parseStreamServer: (reactor) => new StandardIOEndpoint(reactor),
};
