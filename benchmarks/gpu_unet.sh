#!/bin/sh
# Train mini's UNet and identity branch on, on a lent GPU machine, in two calls of one machine:
#
#   sh benchmarks/gpu_unet.sh bank            # tries every step at a small size, draws the bank
#   sh benchmarks/gpu_unet.sh train SECONDS   # trains; weights and log go to $OUT
#
# Beginning with the package's weights. Wheels that are missing there lie in .whl.
set -eu
ROOT=$(pwd)
OUT=${OUT:-$ROOT/.mini/out}
WORK=${WORK:-/tmp/mini_unet}
PICTURES=${PICTURES:-36000} WORKERS=${WORKERS:-16} DEVICE=${DEVICE:-cuda} RATE=${RATE:-0.67}
mkdir -p "$OUT" "$WORK/small" "$WORK/site"
if [ -d .whl ]; then
    python3 -m pip install -q --no-index --no-deps --no-compile --upgrade --target "$WORK/site" .whl/*.whl
fi
export PYTHONPATH="$WORK/site:$ROOT" PYTHONUNBUFFERED=1 OMP_NUM_THREADS=1
train() { python3 -m "pidiff_cli.mini.train.$@"; }

caches() {  # in the present folder, for a bank that is there
    train aligned --workers "$1"
    train latents --device "$DEVICE" --weights weights
    train codes --device "$DEVICE" --weights weights
}

keep() {  # what is exported so far
    for file in weights/diffusers/unet/diffusion_pytorch_model.safetensors weights/identity/branch.safetensors \
        weights/identity/wproj.safetensors .mini/runs/diffusion/log.jsonl; do
        if [ -f "$file" ]; then cp "$file" "$OUT/"; fi
    done
}

case "$1" in
bank)
    cd "$WORK"
    rm -rf .mini && cp -r "$ROOT/pidiff_cli/mini/weights" .
    python3 -m pidiff_cli.mini.world.bank --pictures "$PICTURES" --per-person 6 --workers "$WORKERS" \
        --start-person 40000 --seed 9 > bank.log 2>&1 &
    drawing=$!
    cd small && rm -rf weights && cp -r ../weights .
    small() {
        python3 -m pidiff_cli.mini.world.bank --pictures 48 --per-person 6 --workers 1 --start-person 40000 &&
            caches 1 &&
            train diffusion --device "$DEVICE" --weights weights --steps 12 --batch "${BATCH:-768}"
    }
    small > small.log 2>&1 && echo "small: good" || echo "small: FAILED"
    tail -15 small.log
    wait "$drawing"
    tail -2 ../bank.log
    cd "$WORK" && caches "$WORKERS" && ls -la .mini/*
    ;;
train)
    cd "$WORK"
    (while sleep 20; do keep; done) &
    minutes=$(python3 -c "print($2 / 60)")
    train diffusion --device "$DEVICE" --weights weights --minutes "$minutes" --rate "$RATE" \
        --export-every 1.5 ${BATCH:+--batch $BATCH} > train.log 2>&1 || tail -20 train.log
    kill $! || true
    keep
    head -3 train.log && tail -3 .mini/runs/diffusion/log.jsonl
    ;;
esac
