import { streamConformance } from "../conformance/stream.ts";
import { unixKind } from "../conformance/unix_kind.ts";
import { DenoReactor } from "./reactor.ts";

streamConformance(unixKind("DenoReactor UNIX", () => new DenoReactor()));
