/* base/calendar: days and dates of the Gregorian calendar, also before there was one; no time of day, no zone. */
#ifndef OD_BASE_CALENDAR_H
#define OD_BASE_CALENDAR_H

#include <stdint.h>

#pragma GCC visibility push(hidden)

/* Days from 1970-01-01 to a date; a day out of its month is carried over. */
int64_t od__days_from_date(int64_t year, int month, int day);
/* The date so many days after 1970-01-01. */
void od__date_from_days(int64_t days, int *year, int *month, int *day);
int od__days_in_month(int year, int month);

#pragma GCC visibility pop
#endif
