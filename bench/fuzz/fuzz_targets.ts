import { AMP_TARGET } from "./amp_target.ts";
import { FRAMING_TARGETS } from "./framing_targets.ts";
import { HTTP_TARGET } from "./http_target.ts";
import { MEMCACHE_TARGET } from "./memcache_target.ts";
import { PROXY_TARGETS } from "./proxy_targets.ts";
import { RESP_TARGETS } from "./resp_targets.ts";
import { WEBSOCKET_TARGETS } from "./websocket_targets.ts";
import type { FuzzTarget } from "./fuzz_target.ts";

/** All parsers. Each has a file in `corpus/`. */
export const FUZZ_TARGETS: readonly FuzzTarget[] = [
  ...FRAMING_TARGETS,
  AMP_TARGET,
  HTTP_TARGET,
  MEMCACHE_TARGET,
  ...PROXY_TARGETS,
  ...RESP_TARGETS,
  ...WEBSOCKET_TARGETS,
];
