// Runs the seeds that it is told, one after the other.
import type { Task } from './pool.ts';
import { simulate } from './simulate.ts';

process.on('message', (task: Task) => {
  void simulate(task.seed, task).then(({ world: _world, ...run }) => process.send?.(run));
});
