import { coreConformance } from "../../../testing/conformance/core.ts";
import { DenoReactor } from "./reactor.ts";

coreConformance("DenoReactor", () => new DenoReactor());
