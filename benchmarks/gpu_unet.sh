#!/bin/sh
# Train mini's UNet and identity branch on, on a lent GPU machine, in two calls of one machine:
#
#   sh benchmarks/gpu_unet.sh bank            # draws the bank; beside it tries every step
#   TIMED=20 sh benchmarks/gpu_unet.sh bank   # and first whether a compiled UNet is faster
#   AUTOENCODER=90 sh benchmarks/gpu_unet.sh bank  # and after it 90 s on the autoencoder, whose
#                                             # new latents the UNet then learns
#   sh benchmarks/gpu_unet.sh train SECONDS   # trains; weights and log go to $OUT
#
# Beginning with the package's weights. Wheels that are missing there lie in .whl.
set -eu
ROOT=$(pwd)
OUT=${OUT:-$ROOT/.mini/out}
WORK=${WORK:-/tmp/mini_unet}
PICTURES=${PICTURES:-36000} WORKERS=${WORKERS:-16} DEVICE=${DEVICE:-cuda} RATE=${RATE:-0.67}
AUTOENCODER=${AUTOENCODER:-0} ENCODER=${ENCODER:-1}  # seconds; weight of the latents' old places
FIRST=${FIRST:-90000} SEED=${SEED:-11}  # people and pictures that no bank before has had
STYLED=${STYLED:-0.25}  # of them painted, beside those that the world paints: faces in paint are weak
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

autoencoder() {  # a budget; nothing where it is 0
    if [ "$AUTOENCODER" -gt 0 ]; then
        train decoder --device "$DEVICE" --weights weights --encoder "$ENCODER" "$@"
    fi
}

keep() {  # what is exported so far
    for file in weights/diffusers/unet/diffusion_pytorch_model.safetensors weights/identity/branch.safetensors \
        weights/identity/wproj.safetensors .mini/runs/diffusion/log.jsonl; do
        if [ -f "$file" ]; then cp "$file" "$OUT/"; fi
    done
    if [ -f .mini/runs/decoder/log.jsonl ]; then
        cp weights/diffusers/vae/diffusion_pytorch_model.safetensors "$OUT/autoencoder.safetensors"
        cp .mini/runs/decoder/log.jsonl "$OUT/autoencoder.jsonl"
    fi
}

case "$1" in
bank)
    cd "$WORK"
    rm -rf .mini && cp -r "$ROOT/pidiff_cli/mini/weights" .
    python3 -m pidiff_cli.mini.world.bank --pictures "$PICTURES" --per-person 6 --workers "$WORKERS" \
        --start-person "$FIRST" --seed "$SEED" --styled "$STYLED" > bank.log 2>&1 &
    drawing=$! began=$(date +%s)
    after() { echo "$1 after $(($(date +%s) - began)) s"; }
    cd small && rm -rf weights && cp -r ../weights .
    small() {
        python3 -m pidiff_cli.mini.world.bank --pictures 48 --per-person 6 --workers 1 --start-person "$FIRST" &&
            autoencoder --steps 2 &&
            caches 1 &&
            tried
    }
    tried() {
        timeout 100 python3 -m pidiff_cli.mini.train.diffusion --device "$DEVICE" \
            --weights weights --steps "${TRIED:-30}" --fresh --batch "${BATCH:-768}" $(cat "$WORK/compile.txt")
    }
    : > "$WORK/compile.txt"
    if [ "${TIMED:-0}" -gt 0 ]; then
        timeout 300 python3 "$ROOT/benchmarks/training_speed.py" --device "$DEVICE" \
            --batch "${BATCH:-768}" --steps "$TIMED" --out "$OUT/training_speed.json" \
            --choice "$WORK/compile.txt" > speed.log 2>&1 || true
        tail -8 speed.log && after speed
    fi
    if small > small.log 2>&1; then
        echo "small: good, with '$(cat "$WORK/compile.txt")'"
    else
        echo "small: FAILED, with '$(cat "$WORK/compile.txt")'; the training is not compiled"
        : > "$WORK/compile.txt"
    fi
    tail -15 small.log && after small
    wait "$drawing"
    tail -1 ../bank.log && after drawing
    cd "$WORK"
    autoencoder --minutes "$(python3 -c "print($AUTOENCODER / 60)")" > autoencoder.log 2>&1 ||
        echo "autoencoder: FAILED, the old one stays"
    tail -2 autoencoder.log
    caches "$WORKERS" && ls -la .mini/* && after caches
    ;;
train)
    cd "$WORK"
    (while sleep 20; do keep; done) &
    minutes=$(python3 -c "print($2 / 60)")
    train diffusion --device "$DEVICE" --weights weights --minutes "$minutes" --rate "$RATE" \
        --export-every 3 $(cat compile.txt) ${BATCH:+--batch $BATCH} > train.log 2>&1 || tail -20 train.log
    kill $! || true
    keep
    head -3 train.log && tail -3 .mini/runs/diffusion/log.jsonl
    ;;
esac
