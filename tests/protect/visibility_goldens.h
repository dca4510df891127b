/* SPDX-License-Identifier: Apache-2.0 */
/* Made by tools/visibility_goldens.py: what butteraugli_main (libjxl 0.7) says of each pair in data. */
static const double visibility_goldens[] = {1.554274, 1.761498, 2.819591, 1.887417, 6.219220, 2.613968};
