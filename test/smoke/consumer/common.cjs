const { show } = require('./program.mjs');

show((name) => require(name)).catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
