import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Files that take a minute or more. One that begins last keeps one core busy while the other has nothing to do. */
const LONG = [
  'page/accessibility',
  'page/value-search',
  'page/query-box',
  'clients/adot',
  'clients/otlp',
  'e2e/environment',
  'e2e/credentials',
];

/**
 * Starts the longest files first; a fresh clone has no times of earlier runs. The files of a project stay together,
 * because a process that several files share ends when a file of another project is next.
 */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const projects = Object.keys(Object.groupBy(files, ({ project }) => project.name)).toSorted();
    const projectOf = ({ project }: TestSpecification): number => projects.indexOf(project.name);
    return sorted.toSorted((a, b) => projectOf(a) - projectOf(b) || placeOf(a) - placeOf(b));
  }
}

function placeOf({ moduleId }: TestSpecification): number {
  const place = LONG.findIndex((name) => moduleId.endsWith(`test/${name}.test.ts`));
  return place < 0 ? LONG.length : place;
}
