import { streamConformance } from "../conformance/stream.ts";
import { tlsKind } from "../conformance/tls_kind.ts";
import { DenoReactor } from "./reactor.ts";

streamConformance(await tlsKind("DenoReactor", () => new DenoReactor()));
