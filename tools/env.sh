# The project's environment, for `make` and for a second shell alike. Source it from the project's root: . tools/env.sh
# Plain POSIX sh. It sets variables of this shell only and may be sourced again at any time.

if [ ! -f tools/env.sh ]; then
  echo "tools/env.sh must be sourced from the root of the project: cd there, then  . tools/env.sh" >&2
  return 1
fi

# The virtual environment brings Python, Ape and Node. anvil and forge are put on PATH as their own binaries: npm's
# wrappers in node_modules/.bin cost 75 ms a start.
stockade_platform="$(uname -s | tr '[:upper:]' '[:lower:]')-$(uname -m | sed -e 's/x86_64/amd64/' -e 's/aarch64/arm64/')"
stockade_path="$PWD/.venv/bin"
for stockade_tool in anvil forge; do
  stockade_path="$stockade_path:$PWD/node_modules/@foundry-rs/$stockade_tool-$stockade_platform/bin"
done
stockade_path="$stockade_path:$PWD/node_modules/.bin"
case "$PATH" in
  "$stockade_path":*) ;;
  *) PATH="$stockade_path:$PATH" ;;
esac
export PATH
unset stockade_platform stockade_path stockade_tool

# solc comes from npm through a small program (tools/solc), for Ape and for forge; nothing is fetched while compiling.
export SOLCX_BINARY_PATH="$PWD/tools/solc"
export FOUNDRY_SOLC="$PWD/tools/solc/solc-v0.8.37"
export FOUNDRY_OFFLINE=true

# Ape keeps accounts, unpacked dependencies and caches here instead of in ~/.ape, so that another project on this
# machine cannot change what this one compiles. Set it beforehand to keep using the accounts of ~/.ape.
export APE_DATA_FOLDER="${APE_DATA_FOLDER:-$PWD/.ape}"

# Where `--network ethereum:devnet` looks for the chain that `make devnet` starts (ape-config.yaml).
export STOCKADE_DEVNET_PORT="${STOCKADE_DEVNET_PORT:-8545}"

# Some containers set it; it makes pytest rewrite Ape's modules in every run, 4 to 8 seconds.
unset PYTHONDONTWRITEBYTECODE
