# SPDX-License-Identifier: GPL-2.0
# Draws the bench's result. Before this stand the data, $memory (group, kB: stock,
# ours, granted) and $speeds (load, ratio: median, least, greatest).
set terminal svg size 1000,420 dynamic font "sans-serif,12" background "white"
set multiplot

set title "Memory of dom0 for one device: slab and vmalloc, kB, logarithmic"
set origin 0,0
set size 0.62,1
set bmargin 3
set style data histograms
set style histogram clustered gap 1
set style fill solid
set boxwidth 0.9
set logscale y
set format y "%.0f"
set xrange [-0.6:3.6]
set yrange [10:1000000]
set grid ytics
set key top right
set xtics scale 0
# A histogram's three bars of a group, 1/4 wide each with the gap of 1.
label(column) = sprintf("%.0f", column)
plot $memory using 2:xtic(1) title "stock" linecolor "#999999", \
     "" using 3 title "ours, nothing requested" linecolor "#4477aa", \
     "" using 4 title "ours, least granted" linecolor "#228833", \
     "" using ($0-0.25):2:(label($2)) with labels offset 0,0.6 notitle, \
     "" using ($0):3:(label($3)) with labels offset 0,0.6 notitle, \
     "" using ($0+0.25):4:(label($4)) with labels offset 0,0.6 notitle

if (|$speeds| == 0) { unset multiplot; exit }
set title "Throughput, ours to stock"
set origin 0.62,0
set size 0.38,1
unset logscale
unset key
unset xtics
set xtics scale 0.5
set format x "%.1f"
set xrange [0.5:1.5]
set yrange [|$speeds|-0.5:-0.5]
set grid xtics noytics
set arrow from 1,graph 0 to 1,graph 1 nohead linecolor "#999999"
plot $speeds using 2:0:3:4:ytic(1) with xerrorbars pointtype 7 linecolor "#4477aa"
unset multiplot
