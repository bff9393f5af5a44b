/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _KSIFT_JSON_H
#define _KSIFT_JSON_H

#include "job.h"

extern const struct printer printer_json, printer_records;

#endif /* _KSIFT_JSON_H */
