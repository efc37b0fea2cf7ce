import { parseArgs } from "node:util";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { renderVerdict } from "../checker/render.ts";
import { Sentence, runMain } from "../../scripts/process/sentence.ts";
import { projectDir } from "../../scripts/start/home.ts";
import { createRandom } from "./load/random.ts";
import { rows } from "./rows/all.ts";
import { runRow } from "./rows/run-row.ts";
import { fullScale, quickScale } from "./stage/scale.ts";
import { startWorld } from "./world.ts";

const main = async (): Promise<number> => {
  const { values } = parseArgs({
    options: {
      row: { type: "string", multiple: true },
      messages: { type: "string", default: "100000" },
      rate: { type: "string" },
      seed: { type: "string", default: "1" },
      quick: { type: "boolean", default: false },
    },
  });
  const wanted = rows.filter(({ id }) => values.row === undefined || values.row.includes(String(id)));
  if (wanted.length === 0) throw new Sentence(`unable to run; there is no such row`);
  const random = createRandom(Number(values.seed));
  const scale = values.quick ? quickScale : fullScale;
  let failures = 0;
  await using world = await startWorld({ pods: values.quick ? 2 : 3, random });
  for (const row of wanted) {
    const messages = Math.ceil(Number(values.messages) / wanted.length);
    const result = await runRow(row, { world, scale, random, isFull: !values.quick, messages });
    const { verdict, problems, recoveriesMs, notes, tally, seconds } = result;
    console.log(`row ${row.id} ${row.title}: ${seconds.toFixed(1)} s`);
    console.log(renderVerdict(verdict));
    console.log(verdict.figures, problems, recoveriesMs.map(Math.round), notes, tally);
    if (verdict.violations.length > 0) {
      const dir = join(projectDir, ".sendsar/faults");
      await mkdir(dir, { recursive: true });
      await writeFile(join(dir, `row-${row.id}.json`), JSON.stringify(result.history));
    }
    failures += verdict.violations.length + problems.length;
  }
  return failures === 0 ? 0 : 1;
};

await runMain(main);
