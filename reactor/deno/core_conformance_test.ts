import { coreConformance } from "../conformance/core.ts";
import { DenoReactor } from "./reactor.ts";

coreConformance("DenoReactor", () => new DenoReactor());
