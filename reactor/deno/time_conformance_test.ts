import { timeConformance } from "../conformance/time.ts";
import { DenoReactor } from "./reactor.ts";

timeConformance("DenoReactor", () => new DenoReactor());
